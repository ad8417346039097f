"""What a header says once its spelling is set aside: brackets, units, numbering, synonyms of its last word.

A header becomes a `Label`: its words, what its brackets say, and the forms under which it is looked up.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

_BRACKETS = re.compile(r"[(\[【〔{]([^)\]】〕}]*)[)\]】〕}]?")
_NUMBERING = re.compile(
    r"^(?:\(?[一二三四五六七八九十]{1,3}[、.)]|\(?\d{1,2}[、)]|\d{1,2}\.(?!\d)|"
    r"(?:0\d|[1-9]\d)(?=[\u4e00-\u9fff])(?!年|月|日|天|周|岁|个|位|寸|小时|分|米|元|级|类|亩|人|户|至|以)|"
    r"[A-Za-z]\.?\d{1,3}(?:\.\d{1,2}){0,3}[a-z]?[.、]?(?=[\u4e00-\u9fff])|"
    r"\d{1,2}(?:\.\d{1,2}){1,3}[.、]?(?=[\u4e00-\u9fff])(?![米元寸级亩吨倍度]))"
)
_BOXES = re.compile(r"[□☐○◯☑√✓].*$")
_MARKS = re.compile(r"[*＊:：;；,。.!?\"'“”‘’#_＿\-—~《》<>〈〉\s]+")
_SPLIT = re.compile(r"[/\\、|]|以及|及|或者|或|和(?!平|谐)")
_UNITS = re.compile(
    r"(?:单位)?(?:万元|亿元|元/月|元/年|元|㎡|m2|m²|平方米|平米|亩|公顷|人|口|户|岁|周岁|cm|厘米|kg|公斤|mmhg|%|公里|km|"
    r"个|只|头|间|层|支|年|月|日|天)",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?:是否为|是否有|是否|是不是|有无|有没有|可否|能否)|(?:与否|是否)$|^(?:属于|享受)(?=.)|(?<=..)(?:标识|标示|标志)$"
)
_DONE = re.compile(
    r"^(?:已经?|曾经?|正在)?(?:办理|办有|持有|领取|取得|拥有|具有|享受|享有|参加|纳入|列入|患有|患|接受|接收)(?=..)"
)
"""What a question says of somebody before it names the thing: 是否办理居住证, 是否享受低保."""
_ASKING = re.compile(
    r"^(?:请问|目前|现在|去年|\d{4}年)*[您你]|(?:是|(?<![行作])为|吗|呢|什么|多少|几个?|怎么样?|如何|怎样)$|[是为](?:什么|多少|哪)"
    r"|(?:几|多少)(?:口人|口|个|处|套|人|间)$"
)
"""What makes a header a sentence: 您家住房的主要结构是, 家庭月收入是多少."""
_ASKED_FIRST = re.compile(
    r"^(?:请问|目前|现在|去年|上年|(?:过去|最近|近)一年|\d{4}年)*(?:[您你](?:们)?(?:的|本人|自己)?)?(?P<home>全家|家里|家(?![庭长属人教具]))?(?:的|现在|目前|当前|现|去年|一共|总共|主要|最近|一年|每年)*"
)
_ASKED_LAST = re.compile(
    r"(?:大约|大概|大致|约)?(?:范围)?(?:有|是|(?<![行作])为|属于|在)?"
    r"(?:(?:什么|多少|几|哪(?:一)?(?:种|些|个|类|里|年|项)?|如何|怎么?样|以下)(?:万?元|人|口|个|处|套|平方米|岁|年|次)?)?(?:呢|吗)?$"
)
_COUNTED = re.compile(r"(?:有|是)?(?:几|多少)(?P<unit>口人|口|个|处|套|人|间)(?:呢|吗)?$")
"""Ends of a sentence that asks how many."""
_OF_SENTENCES = re.compile(
    r"(?:的)?(?:主要|目前|现在|总|全部)?(?:的)?(?=结构|来源|原因|收入|住房|职业|学历|类型)|(?<!目)的"
)
_TOTAL = re.compile(r"^(?:本家庭|全家|本户)?(?:拥有)?(?P<what>.{3,}?)(?:合计|共计|总计)$")
"""A total: 家庭人口合计, 机动车辆共计."""
LATIN = re.compile(r"英文|英语|外文|拼音|汉语拼音|english")
"""What brackets say of a name in other letters."""
_SURELY_QUESTION = re.compile(
    r"是否|是不是|有无|有没有|与否|(?<=..)(?:标识|标示|标志)$"
    r"|^(?:参加|享受|享有|纳入|加入)(?:.*(?:医疗|保险|低保|五保|特困|供养|补贴|津贴|救助))$"
)
"""Words of a question; 享受低保 and 参加新型农村合作医疗 are ones without its words."""

_ENDINGS = {
    ending: usual
    for usual, endings in {
        "号": "号码 编号 代码 编码 证号 证件号 标识号 标识码 识别号 识别码 号",
        "日期": "日期 时间 年月日 年月 年份 年代 日 时点",
        "地址": "详细地址 所在地址 所在地 地址 住址 详址 住处 住所 地点 所在位置 详细位置 具体位置 位置 坐落 座落 地",
        "状况": "情况 状况 状态 现状 情形",
        "类型": "类型 类别 种类 分类 类型名称 类别名称 种类名称 分类名称 性质 类",
        "等级": "级别 等级 级",
        "数": "数量 个数 总数 人数 人员数 人员总数 总人数 人总数 总数量 人员数量 数",
        "金额": "金额 数额 总额 总计 合计 额",
        "电话": "电话号码 手机号码 联系电话 联系方式 联系办法 联系方法 移动电话 手机号 手机 电话",
        "姓名": "姓名 名字",
        "名称": "名称 全称",
        "原因": "原因 事由 理由 缘由",
        "期限": "期限 时限",
        "学校": "学校 院校",
        "程度": "程度 水平",
        "方式": "方式 方法 办法 形式 途径 渠道",
        "职务": "职务 职位 岗位",
        "工资": "工资 薪酬 薪金 薪资 月薪",
        "人": "人员 人 者 员",
    }.items()
    for ending in endings.split()
}
"""Last words that forms use for each other -> one of them. Looked up besides the words themselves, with less weight."""

_LONGEST_ENDING = max(map(len, _ENDINGS))
_SOMEBODY = frozenset({"人员", "人", "者", "员"})
"""Last words that are no more than a part of a short word: 党员, 职员."""

_INNER = (
    (re.compile(r"亡故|去世|逝世|身故|病故|过世|离世"), "死亡"),
    (re.compile(r"上一年度|上年度|上一年|上年|本年度|全年|年度|每年"), "年"),
    (re.compile(r"总(?=收入|支出)"), ""),
    (re.compile(r"常住户口|户口|户藉"), "户籍"),
    (re.compile(r"欠债|债务"), "负债"),
    (re.compile(r"残疾人证件|残疾人证"), "残疾证"),
    (re.compile(r"有效身份证件|身份证件|身份证明|有效证件|证照"), "证件"),
    (re.compile(r"(?:学习|在读|就学|所读|现读|在学)(?=学|年级|班|专业|阶段|院)"), "就读"),
    (re.compile(r"发证|颁证|签发|核发|颁发|制发"), "发证"),
    (re.compile(r"(?<=发证|登记|注册|批准)(?:机构|部门)$"), "机关"),
    (re.compile(r"(?<=办理|承办|处理|处置|主办|责任)部门$"), "单位"),
    (re.compile(r"卡卡号"), "卡号"),
    (re.compile(r"有效(?:期限|日期|时间)"), "有效期"),
    (re.compile(r"发案"), "案发"),
    (re.compile(r"开始|起始"), "起"),
    (re.compile(r"截止|终止|结束|到期|届满"), "止"),
    (re.compile(r"(?<=[起止])(?:日期|时间|年月日?|日)$"), ""),
    (re.compile(r"(?<=有效期)[至到]$|(?<=期限)[至到]$"), "止"),
    (re.compile(r"帐"), "账"),
    (re.compile(r"账户(?:号码?|账号)"), "账号"),
    (re.compile(r"联系号码$"), "联系电话"),
    (re.compile(r"(?<=证件|证照|证书)(?:类型|类别|种类|名称)(?:及|和|与|、|/|／)?(?=号码?$|编号$)"), ""),
    (re.compile(r"^(?:取得|获得|具有|掌握|现有)?(?:何种|何)(?=专|学|职|技)"), ""),
    (re.compile(r"(?<=..)(?:的?描述|具体内容)$"), ""),
    (re.compile(r"(?<=住址|地址|住所)(?:详址|详情)$"), ""),
)
"""Words within a header that forms use for each other -> one of them, for the same use as `_ENDINGS`."""

_ANY_INNER = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _INNER))
"""Most words have none of them."""

_FILLERS = re.compile(
    r"^(?:本人|本户|本家庭|本单位|该|您的?|你的?|现|目前|当前|现在|实际|所在|所属|主要|其中|基本|个人|申请|参加|享受|领取|有效|生前|真实|常用|具体|详细|最近|最新|直接|根本)"
    r"(?=..)|(?<=..)(?:信息|基本情况|概况)$"
)


_SIMPLE = str.maketrans("別齡證號碼電話戶職業學歷聯繫養錄單", "别龄证号码电话户职业学历联系养录单")
"""Traditional characters that stand now and then between simplified ones."""


def without_blanks(text: str) -> str:
    """Full width to half width, no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split()).translate(_SIMPLE)


_PLAIN = re.compile(r"[\u4e00-\u9fff]+")
"""Chinese characters alone, as most names are: nothing below takes any of them away or makes it another."""


def tidy(text: str) -> str:
    """Full width to half width, no blanks, no marks for required fields, no numbering."""
    if _PLAIN.fullmatch(text):
        return text.translate(_SIMPLE)
    text = without_blanks(text)
    text = _BOXES.sub("", text) or text
    return _NUMBERING.sub("", text).strip("*:：")


@lru_cache(maxsize=20_000)
def key(text: str) -> str:
    """The words of a text for comparison: lower case, without brackets and punctuation."""
    if _PLAIN.fullmatch(text):
        return text.translate(_SIMPLE)
    return _MARKS.sub("", _BRACKETS.sub("", tidy(text))).replace("·", "").lower()


@lru_cache(maxsize=40_000)
def reduced(word: str) -> str:
    """A key with its last word replaced by the usual one, and without fillers."""
    if _ANY_INNER.search(word):
        for pattern, usual in _INNER:
            word = pattern.sub(usual, word)
    word = _FILLERS.sub("", word)
    for size in range(min(_LONGEST_ENDING, len(word)), 0, -1):
        ending = word[-size:]
        if ending in _ENDINGS and (ending not in _SOMEBODY or len(word) - size > 1):
            return word[:-size] + _ENDINGS[ending]
    return word


@dataclass(frozen=True)
class Label:
    """One header, or one level of a header.

    Attributes:
        text: as printed.
        words: key of the text without its brackets.
        inside: what stands in brackets, as printed.
        unit: the unit that stands in brackets, or an empty string.
        question: whether it asks for yes or no (是否, 有无).
    """

    text: str
    words: str
    inside: tuple[str, ...]
    unit: str
    question: bool

    @cached_property
    def topic(self) -> str:
        """The words without what makes them a question: 是否残疾人 -> 残疾人."""
        return _QUESTION.sub("", self.words) or self.words

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The topic, and what is left of it without what somebody does: 是否享受低保 -> 享受低保, 是否低保, 低保."""
        thing = _DONE.sub("", self.topic)
        return (self.topic,) if thing == self.topic else (self.topic, f"是否{thing}", thing)

    @cached_property
    def spoken(self) -> tuple[str, ...]:
        """What a sentence asks in the words of a header: 您家现在住房的主要结构是 -> 住房结构, 家庭住房结构."""
        if not _ASKING.search(self.words):
            return ()
        first = _ASKED_FIRST.match(self.words)
        assert first is not None  # all of it is optional
        rest = self.words[first.end() :]
        counted = _COUNTED.search(rest)
        plain = _OF_SENTENCES.sub("", rest[: counted.start()] if counted else _ASKED_LAST.sub("", rest))
        if counted:
            plain += "人口数" if counted["unit"].startswith("口") else "数"
        if len(plain) < 2 or plain == self.words:
            return ()
        own = first["home"] and not plain.startswith("家庭")
        return (f"家庭{plain}", plain) if own else (plain,)

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """Keys under which it is looked up, the plainest first: as it stands, its parts, what its brackets say."""
        found = [self.words]
        if self.question:
            found += self.topics
        found += self.spoken
        if counted := _TOTAL.match(self.words):
            found.append(counted["what"])
        found += self.parts
        found += [key(one) for one in self.inside if len(key(one)) > 1 and not _UNITS.fullmatch(key(one))]
        if not self.words and self.inside:
            found.append(key("".join(self.inside)))
        return tuple(dict.fromkeys(one for one in found if one))

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Keys of what stands between slashes, 及, 或: 法定代表人/负责人; none if it is one thing."""
        parts = [key(part) for part in _SPLIT.split(self.text_without_brackets)]
        return tuple(part for part in parts if len(part) > 1) if len(parts) > 1 else ()

    @cached_property
    def text_without_brackets(self) -> str:
        return _BRACKETS.sub("", tidy(self.text))


@lru_cache(maxsize=20_000)
def words_of(text: str) -> str:
    """The words of a label alone, which is all that most names are asked for."""
    plain = tidy(text)
    words = key(plain)
    if words in ("姓名", "名称") and any(LATIN.fullmatch(key(part)) for part in _BRACKETS.findall(plain)):
        return "英文" + words  # 姓名(英语) is another name than 姓名
    return words


@lru_cache(maxsize=20_000)
def label(text: str) -> Label:
    """Understand one level of a header."""
    plain = tidy(text)
    inside = tuple(part.strip() for part in _BRACKETS.findall(plain) if part.strip())
    units = [part for part in inside if _UNITS.fullmatch(key(part) or part)]
    words = words_of(text)
    return Label(text, words, inside, units[-1] if units else "", bool(_SURELY_QUESTION.search(words)))
