"""Name tables of the demo: family names by frequency, given characters by time and sex, minority names, look-alikes.

Frequencies follow the order published in the ministry's yearly 全国姓名报告; the characters of a period are those that
the reports name as the most used. No list of living persons was used.
"""

from __future__ import annotations

SURNAMES: dict[str, float] = {
    **dict(zip("王李张刘陈", (7.1, 7.0, 6.7, 5.1, 4.6), strict=True)),
    **dict(zip("杨赵黄周吴徐孙胡朱高", (3.1, 2.3, 2.2, 2.1, 2.0, 1.7, 1.5, 1.3, 1.3, 1.2), strict=True)),
    **dict.fromkeys("林何郭马罗", 1.1),
    **dict.fromkeys("梁宋郑谢韩唐冯于董萧", 0.8),
    **dict.fromkeys("程曹袁邓许傅沈曾彭吕", 0.62),
    **dict.fromkeys("苏卢蒋蔡贾丁魏薛叶阎", 0.47),
    **dict.fromkeys("余潘杜戴夏钟汪田任姜", 0.4),
    **dict.fromkeys("范方石姚谭廖邹熊金陆", 0.35),
    **dict.fromkeys("郝孔白崔康毛邱秦江史", 0.29),
    **dict.fromkeys("顾侯邵孟龙万段雷钱汤", 0.25),
    **dict.fromkeys("尹黎易常武乔贺赖龚文", 0.21),
    **dict.fromkeys("庞樊兰殷施陶洪翟安颜", 0.17),
    **dict.fromkeys("倪严牛温芦季俞章鲁葛", 0.14),
    **dict.fromkeys("伍韦申尤毕聂丛焦向柳", 0.12),
    **dict.fromkeys("邢路岳齐沿梅莫庄辛管", 0.09),
    **dict.fromkeys("祝左涂谷祁时舒耿牟卜", 0.07),
    **dict.fromkeys("佟官冉仇查逄郗麻亓芮", 0.02),
    **dict.fromkeys(("欧阳", "上官", "司马", "诸葛", "夏侯", "皇甫", "尉迟", "令狐"), 0.015),
    "𠆤": 0.002,
    "㐱": 0.002,
}
"""Family name -> weight. The last two lie outside the common planes of older systems."""

ERAS = (1962, 1982, 2000)
"""First birth years of the second, third and fourth period of given names."""

MALE: tuple[str, ...] = (
    "国建德明生福荣华贵金玉春林学文成长永志海全清兴发光根水保忠义宝财万有树庆山祥",
    "伟强军勇建明平志华国辉刚斌峰波涛杰超鹏飞东海林文云龙亮新民利红卫毅武庆胜宏",
    "磊杰涛超鹏浩伟俊凯强宇斌飞博龙健坤帅旭阳晨亮翔雷威欢乐嘉豪鑫辰瑞嵩铭毅腾",
    "浩宇轩泽梓涵睿博子辰奕俊豪宸熙铭沐瑞嘉懿皓承晨哲弘煜恒诺霖翊昊辉航一诚言",
)
FEMALE: tuple[str, ...] = (
    "秀英桂兰珍玉凤芳淑华梅香莲翠云素琴贞月荣春花美金清菊爱霞巧银娥彩根妹桃枝惠",
    "丽敏静艳芳娟霞红梅燕玲萍华英秀玉琴莉云慧洁琳萃虹晓春丹凤兰桂香蓉青菊勤利凡",
    "婷静丽雪倩娜颖莹欣佳慧晶玉梦婷瑶璐洁敏燕芳丹蕾琳雅晨思媛薇怡茜萌蓉岚凡娇甜",
    "梓涵欣怡诗雨萱妍语桐佳琪可馨一诺若汐思彤瑶梦悦心艺晨曦沐芷柔婉清嘉奕舒苒宁",
)
"""Given characters per period, the most used first."""

RARE = "\U0002c386\U0002c621\U0002b5af\U0002cb4e\U00020bb7\U00023c98\U0002c90a\U0002b36f\U0002c029㛃䶮堃喆犇淼赟"
"""Rare given characters, the first nine beyond the basic plane (GB 18030-2022 has all of them)."""

ETHNICITIES: dict[str, float] = {
    "01": 0.9,
    "11": 0.018,
    "03": 0.017,
    "02": 0.009,
    "05": 0.013,
    "04": 0.009,
    "08": 0.010,
    "06": 0.008,
    "15": 0.007,
    "07": 0.005,
    "17": 0.002,
    "10": 0.001,
    "56": 0.0002,
}
"""GB/T 3304 code -> share."""

DOTTED: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "05": (
        ("阿卜杜拉", "买买提", "艾合买提", "吐尔逊", "努尔", "玉素甫", "艾力", "库尔班", "亚森", "依明", "塔依尔"),
        ("阿依古丽", "热娜", "帕提古丽", "古丽娜尔", "祖丽胡玛尔", "麦尔耶姆", "阿依夏木", "迪丽努尔", "茹先古丽"),
        ("买买提", "吐尔逊", "艾合买提", "阿不力孜", "热合曼", "司马义", "依布拉音", "玉山", "肉孜", "卡德尔"),
    ),
    "17": (
        ("叶尔兰", "哈山", "木拉提", "巴合提", "努尔兰", "阿依丁"),
        ("古丽扎提", "阿依努尔", "巴合提古丽", "加娜尔", "沙吾列"),
        ("哈孜", "胡马尔", "努尔哈力", "别克", "巴依克", "达吾列提"),
    ),
    "07": (
        ("木呷", "拉铁", "尔古", "伍沙", "日哈", "古哈"),
        ("阿牛", "伍果", "尔作", "阿呷", "史布", "沙作"),
        ("阿苏", "吉克", "沙马", "阿尔", "吉木", "马海", "曲比"),
    ),
}
"""Ethnicity -> male given, female given, second part (father's or clan name); joined by `·`. Clan first for 07."""

PLAIN_MINORITY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "04": (
        ("扎西", "多吉", "顿珠", "次仁", "平措", "旺堆", "罗布", "丹增", "索朗", "格桑"),
        ("卓玛", "央金", "拉姆", "白玛", "曲珍", "德吉", "梅朵", "桑吉", "仓决", "尼玛"),
    ),
    "02": (
        ("巴特尔", "苏和", "那顺", "朝鲁", "布和", "乌力吉", "宝音", "阿木尔", "恩和"),
        ("萨仁", "其其格", "高娃", "乌兰", "娜仁", "托娅", "斯琴", "塔娜", "阿茹娜"),
    ),
}
"""Ethnicity -> male and female parts; one or two parts without a separator (half of the group has Han-style names)."""

LOOKALIKES = (
    "伟玮纬炜",
    "丽莉俪",
    "英瑛",
    "婷停",
    "杰洁捷",
    "强墙",
    "军君均",
    "静净靖",
    "敏闵",
    "浩皓昊",
    "宇雨羽",
    "轩宣萱",
    "梓子紫",
    "涵函晗",
    "欣新鑫心",
    "怡宜",
    "霞露",
    "玲铃岭",
    "萍苹平",
    "峰锋丰",
    "辉晖挥",
    "斌彬宾",
    "波坡",
    "涛焘",
    "华桦骅",
    "国帼",
    "建健",
    "芳方",
    "娟捐",
    "艳燕雁",
    "红虹宏",
    "梅枚",
    "琴芹勤",
    "云芸",
    "玉王",
    "兰蓝岚",
    "珍真",
    "凤风",
    "秀绣",
    "桂佳",
    "瑞端",
    "晨辰宸",
    "泽择",
    "睿瑞",
    "嘉佳",
    "豪毫",
    "博搏",
    "俊峻骏",
    "凯恺",
    "旭阳",
    "磊垒",
    "颖影莹",
    "倩茜",
    "娜那",
    "雪雷",
    "慧惠",
    "晶品",
    "琳淋",
    "瑶摇遥",
    "诗侍",
    "妍研",
    "语雨",
    "可何",
    "曦羲",
    "张章",
    "陈阵",
    "杨扬",
    "黄簧",
    "刘浏",
    "吴昊",
    "周同",
    "徐涂",
    "孙逊",
    "朱未",
    "高亭",
    "郭廓",
    "何河",
    "罗萝",
    "梁粱",
    "谢榭",
    "许浒",
    "沈沉",
    "曾增",
    "吕侣",
    "蒋将",
    "魏巍",
    "姜美",
    "志至",
    "明朋",
    "德得",
    "文纹",
    "春舂",
    "福幅",
    "荣容",
    "海诲",
    "林琳",
    "清青",
    "永水",
    "金全",
    "贵责",
)
"""Groups of characters that clerks confuse, by sound or by shape; an error takes the next one of the group."""
