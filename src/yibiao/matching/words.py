"""Words that tell what a field is before any data element is looked at: signatures, numbers, ages, kinds of values."""

from __future__ import annotations

import re

SKIPPED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^(?:序号|顺序号|行号|编号|no|no\.|序|项次|评估编号|表号|档案号)$"), "只给行或表编号"),
    (re.compile(r"签字(?!人(?:姓名|职务|电话))|签名|签章|盖章|公章|手印|指印|签收|捺印"), "签字盖章"),
    (
        re.compile(
            r"(?:审批|审核|审查|查验|核准|复核|初审|评议|认定|登记机关|主管|部门|单位|委会|政府|街道|村委|居委|调查).{0,8}意见$"
        ),
        "审批栏",
    ),
    (
        re.compile(
            r"^(?:最后)?(?:审批|审核|复核|批准|填报|填表|填卡|填写|制表|录入|录入员|操作|创建|修改|更新|注销|建档|调查|受理|采集|经办|打印|提交)"
            r"(?:人|人员|员|者|民警|单位|部门|机构|机关|人姓名|员姓名)$|^信息采集(?:人|员)$|^登记(?:人|人员|员|民警)(?:姓名)?$"
        ),
        "填表和办理人员",
    ),
    (
        re.compile(
            r"^(?:审核|复核|填报|填表|填卡|填写|制表|录入|操作|创建|修改|提交|上传|添加|插入|同步|打印|调查|建表)"
            r"(?:日期|时间|年月)$"
        ),
        "填表时间",
    ),
    (
        re.compile(
            r"^(?:审批|审核|提交|上报|删除|数据|流程)(?:状态|结果|标志|标识)$|^(?:操作|删除标志|主键|id|uuid|用户名|条形码|(?:管理员|登录)账号|登录名|登录账号|(?:登录|用户)?密码)$"
        ),
        "系统自己的字段",
    ),
    (
        re.compile(
            r"(?:小组|学校|医院|残联|派出所|党组织|党支部|民政|医疗保障|工会|妇联|团委|公安|卫生|教育|社区|街道|乡镇|村|"
            r"[县市区省]级|上级|机构|中心|[局厅站所办]).{0,8}意见$"
        ),
        "审批栏",
    ),
    (re.compile(r"^(?:申请人|申领人|申报人|本人|监护人|负责人|承办人|[乡镇县]).{0,6}意见$"), "审批栏"),
    (re.compile(r"^(?:街道|社区|乡镇|单位|部门|机构)?(?:审定|核定|核准|审批|审核)(?:人|人员)$"), "填表和办理人员"),
    (re.compile(r"(?:申请|申报|登记|审批|备案)表(?:编)?号$"), "只给行或表编号"),
    (re.compile(r"^(?:表号|制定机关|(?:批准|备案)?文号|页码)$"), "表本身的编号和文号"),
    (
        re.compile(
            r"照片|相片|头像|(?:身份证|证件|证照|执照).{0,3}(?:正面|反面|背面|人像面|国徽面)|入党申请书|图片|截图|扫描[件图]|复印件|附件|正面图|反面图|二维码|粘贴处|影像|[彩近寸]照|证件照|免冠|^指纹$"
        ),
        "图片和附件",
    ),
    (
        re.compile(
            r"^(?!.*诊断)(?:.*?)(?:勘查|勘察|踏勘|推荐|评议|考核|鉴定|[院系部处科]|主任|书记|总支|班级|导师|辅导员|律师事务所).{0,4}意见$"
        ),
        "审批栏",
    ),
    (re.compile(r"^(?:初审|复审|终审|审定|核定|审核|审批|批准|查验)$|.(?:人员|员|机构|单位)确认$"), "审批栏"),
    (re.compile(r"^(?:填报|申报|呈报|报送|报告)(?:单位|部门)$|^(?:收件|建卡|核发|收表)(?:人|人员)$"), "填表和办理人员"),
    (re.compile(r"^(?:审批|审核|审查)(?:单位|机关|意见)"), "审批栏"),
)
"""What is no question to the grassroots -> why."""

AGE = re.compile(r"^(?:实足|实际|现|当前|周岁)?年龄(?:周岁|岁)?$|^(?:周岁|岁数|年岁)$|年龄$")
"""What asks for an age: it follows from the birth date."""

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("question", re.compile(r"^是否|^有无|与否$|是不是")),
    ("phone", re.compile(r"(?:电话|手机|手机号|联系方式|移动电话|座机|手机号码|电话号码)$")),
    ("name", re.compile(r"(?:姓名|名字)$")),
    ("title", re.compile(r"(?:名称|全称|单位|学校|机构|企业|公司|医院)$")),
    ("address", re.compile(r"(?:地址|住址|坐落|住所|场所|所在地|居住地|户籍地|地点|详址|地)$")),
    ("date", re.compile(r"(?:日期|时间|年月日|年月|起|止|年份|年度|年代|日)$")),
    ("number", re.compile(r"(?:号|号码|编号|代码|编码|账号|帐号|证号|卡号)$")),
    ("amount", re.compile(r"(?:金额|收入|资本|租金|价格|总额|标准|补助|补贴|费用|费|额|资金|工资|月薪)$")),
    ("count", re.compile(r"(?:人数|户数|数量|人口数|套数|层数|间数|次数|个数|人口|数)$")),
    ("measure", re.compile(r"(?:面积|身高|体重|血压|长度|距离|率)$")),
    ("code", re.compile(r"(?:类型|类别|种类|性质|情况|状况|状态|等级|级别|程度|方式|面貌|关系|结构|用途|原因|来源)$")),
)
"""Kind of value -> what the last words of a header say about it, tried in order."""

FITS: dict[str, frozenset[str]] = {
    "question": frozenset({"code"}),
    "phone": frozenset({"phone"}),
    "name": frozenset({"name", "text"}),
    "title": frozenset({"text", "code", "name"}),
    "address": frozenset({"address", "text", "division_code"}),
    "date": frozenset({"date", "month", "integer"}),
    "number": frozenset(
        {"number_text", "citizen_id", "person_number", "uscc", "organisation_code", "division_code", "text"}
    ),
    "amount": frozenset({"decimal", "integer"}),
    "count": frozenset({"integer", "decimal"}),
    "measure": frozenset({"decimal", "integer"}),
    "code": frozenset({"code", "text"}),
}
"""Kind of value -> types of data elements that have such values."""

ENTITY_WORDS: tuple[tuple[str, re.Pattern[str], float], ...] = (
    (
        "organisation",
        re.compile(
            r"企业|个体|商户|商家|市场主体|场所|单位信息|公司|经营户|门店|店铺|法人|社会组织|机构信息|合作社|旅行社|事务所|"
            r"工商户|缴存单位|用人单位|参保单位|"
            r"^(?:实有)?单位$|(?:单位|团体|学校|医院|院校|幼儿园|网吧|宾馆|酒店|工厂|养老院|敬老院|福利院)(?:基本|基础|详细)?"
            r"(?:信息|情况|资料|概况)(?:表|登记表|采集表|登记|维护)?$|(?:许可|经营|资质|营业|开业|设立|备案).{0,10}(?:申请|申报|登记|备案|延续|变更|换证)"
        ),
        2.0,
    ),
    ("dwelling", re.compile(r"房屋|住房|租赁|自建房|危房|危旧房|小区|出租屋|群租|住户|楼栋|燃气"), 1.85),
    ("event", re.compile(r"事件|纠纷|调解|上报|巡查|投诉|诉求|信访|事故"), 1.7),
    ("household", re.compile(r"家庭|农户|入户|户情|贫困户|低保|承包|防返贫|监测对象|户籍人口|耕地"), 1.55),
    ("benefit", re.compile(r"津贴|补贴|救助|低保|保障金|抚恤|待遇|供养|补助"), 1.4),
    (
        "resident",
        re.compile(
            r"居民|人员|人口|儿童|老人|老年|学生|党员|残疾|退役|孕|青少年|劳动力|患者|参保|失业|健康|登记表|教师|律师|公证员|药师|"
            r"职工|志愿者|考生|毕业生|执业(?!许可)|任职|持枪"
        ),
        1.25,
    ),
)
"""Entity -> words in the title of a form that is about it, and how much they say."""

SECTION_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "organisation",
        re.compile(
            r"^(?:申请|申报|用工|缴存|参保|建设|生产|经营)?(?:单位|企业|公司|机构|商户|法人|合作社|经营场所|市场主体)(?!负责|法定|经办|联系|人)"
            r"|^(?!.*(?:工作|所在|原|现|任职|就业|就读|执业|服务|上级|主管|外国|境外|投资|股东|隶属|派出|总|母|第三方|委托|受理|评估|检测|"
            r"设计|施工|监理|确认|培训|供养|帮扶)).{1,5}(?:单位|企业|公司)$|^扣缴义务人$"
        ),
    ),
    ("dwelling", re.compile(r"^(?:现|自有|家庭)?(?:房屋|住房|不动产|房产|住宅|出租屋|出租房)(?!产权人|所有人|承租)")),
    ("household", re.compile(r"^(?:申请)?家庭(?!成员|主要成员|住址|地址)")),
    ("event", re.compile(r"^(?:案件|案情|事件|纠纷|事故|警情)(?:描述|概况|概要|经过|详情|基本|主要)?$")),
    ("resident", re.compile(r"^(?:学生|申请人|参保人|残疾人|老年人|儿童)?(?:本人|个人)")),
)
"""Entity -> words of an outer header below which it is asked about."""

_PAPER = re.compile(
    r"(?:证|证书|证明|证件|执照|卡|许可|批文|批准书|合同|协议|档案)(?:情况|信息|[编卡证]?号)?(?:$|[(（])|编号"
)
_NUMBERED = re.compile(r"^(?:编号|档案号)$")
_HANDED_IN = re.compile(r"^(?:上传|提交|申请|申报|所需|证明|附件)(?:的)?(?:材料|资料|文件|附件)(?:上传|清单|列表)?$")
"""Outer headers below which papers are handed in: 上传材料/申请人身份证."""
_NAMES = re.compile(r"(?:名称|全称)$")
_SUM = re.compile(r"^(?:合计|小计|总计)$")
_PAPERS = re.compile(r"(?:证|簿|本|证明|执照|合同|协议|文件|材料|申请书|申请表|报告)$")


def why_skipped(words: str, text: str = "", outer: str = "") -> str | None:
    """Why a field is no question, or None if it is one.

    Args:
        outer: the header above it; the number of a paper (生育登记服务卡/编号) is no number of the form.
    """
    if _NUMBERED.search(words) and _PAPER.search(outer):
        return None
    # 养老金构成/合计 is the whole of what stands above it.
    if not outer and _SUM.search(words):
        return "合计"
    if _HANDED_IN.search(outer) and _PAPERS.search(words):
        return "图片和附件"
    for pattern, why in SKIPPED:
        if pattern.search(words):
            return why
    # 单位名称(盖章) is a name all the same; 填报单位(盖章) is none. (盖章), (章): what brackets say counts as well.
    if re.search(r"[(（](?:盖?章|公章|签[字名章])[)）]", text) and not _NAMES.search(words):
        return "签字盖章"
    return None


def kind_of(words: str) -> str | None:
    """What kind of value the last words of a header promise."""
    return next((kind for kind, pattern in KINDS if pattern.search(words)), None)
