"""What of a form may be printed: labels, never what somebody filled in beside them.

A form that is filled in, or a register without headers, has names, numbers and addresses where labels are looked for.
Where a form may be such a one, nothing is printed that the words of the lexicon do not show to be a label; of anything
else only its place is.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from yibiao.identity.names import COMPOUND_FAMILY_NAMES
from yibiao.matching.fields import FormField, FormTable
from yibiao.matching.lexicon import Lexicon
from yibiao.matching.normalise import key, label, reduced
from yibiao.matching.roles import ROLES, SELF, readings

KNOWN = 0.6
"""Share of its neighbouring characters that labels must have for a text to be one: of 王建设 half are known."""

MOSTLY = 0.6
"""Share of the headers of a table that must be known, so that the others are taken for headers as well."""

SURELY = 2
"""Names of data elements in a row that no row of answers has: beside 姓名 and 身份证号 stand headers, known or not."""

LONG_NUMBER = 5
"""Digits in a row that no label has: years have four."""

_USUAL = (
    "序号 编号 行号 表号 项次 签字 签名 签章 盖章 公章 手印 审批 审核 审查 复核 初审 "
    "评议 公示 意见 结果 照片 相片 附件 复印件 扫描件 填表人 填报人 录入 操作 创建 修改 "
    "受理 经办 提交 日期 时间 合计 小计 总计 备注 说明 情况 信息 状况 状态 类型 类别 "
    "名称 金额 数量 人数 户数 单位 原因 方式 地点 内容 标准 等级 级别 是否 有无 其中 "
    "其他 主要 本年 上年 本月 累计 全年 平均 负责人 责任人 联系人 措施 需求 建议 问题 "
    "评价 来源 用途 期限 频率 次数 比例 总数 总额 年度 季度 月份 起止 开始 结束 "
    "必填 选填 必选 可选 必填项 选填项 非必填 单选 多选 勾选 下拉 下拉选择"
)
"""Words of forms that are no questions themselves, or parts of many."""

_OF_SYSTEMS = {"id", "uuid", "guid"}
"""Columns that a program has for itself."""

_FAMILY_NAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    "庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜肖"
    "詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉"
    "饶刁瞿戚丘古米池滕晋苑邬臧畅宫来苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾"
    "仇麻佟郗芮逄亓官逯麦敖隆卞巩桑栗佘支奉迟占农修承扈冼海别雍盘岑骆蓝嵇糜井富巫乌巴牧隗山宓蓬班仰仲伊暴"
    "钭厉戎祖束韶蓟宿怀蒲邰鄂索咸籍卓蔺蒙阴胥闻莘贡劳扶堵宰郦璩濮寿浦尚充慕茹宦艾鱼慎戈庾暨衡弘匡寇禄阙殳"
    "沃蔚夔厍晁勾融冷訾阚那毋沙乜鞠须丰巢蒯荆竺桓"
)
"""Family names of one character, by the ministry's yearly reports the commonest."""

_SOUNDS = "扎西卓玛才让旦增次仁央金多吉拉姆索朗尼平措达瓦格桑古丽买提阿依努尔艾力木江热汗孜巴图其乌兰"
"""Characters that names from other languages are written with."""

_NAME = re.compile(
    rf"(?:{COMPOUND_FAMILY_NAMES}|[{_FAMILY_NAMES}])[\u3400-\u9fff]{{1,2}}|[{_SOUNDS}]{{2,8}}"
    r"|.*[\u3400-\u4dbf\U00020000-\U0003ffff].*"
)
_PLACE = re.compile(r"(?:医院|卫生院|银行|公司|厂|中学|小学|大学|学院|一中|幼儿园|小区|村|组|社区|合作社|商店|超市)$")
"""Last words of what is answered with, unless the whole is a known label (所属村)."""

_VALUE = re.compile(rf"\d{{{LONG_NUMBER},}}|·|•|@|\d+[号室栋幢组弄]|[\u3400-\u9fff](?:省|市|县|镇|乡)[\u3400-\u9fff]")
_WORDS = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff〇]+|[a-z]+|\d+")


@dataclass(frozen=True)
class Shown:
    """How a field is spoken of.

    Attributes:
        sheet, path: as printed in the file, or a place in words where it may have been filled in.
        hidden: whether the label is such a place.
    """

    sheet: str
    path: tuple[str, ...]
    hidden: bool


class Printable:
    """Tells labels from what may have been filled in, by the words of a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        codes = lexicon.schemas.codes.values()
        texts = [name.words for name in lexicon.names if name.source != "code"]
        texts += [word for words in ROLES.values() for word in words]
        texts += [*SELF, *_USUAL.split(), *(key(one.name) for one in codes)]
        self._pairs = {pair for text in texts for pair in _pairs(text)}
        self._ends = {text[-2:] for text in texts}
        self._roles = {word for words in ROLES.values() for word in words}
        self._values = {key(word) for one in codes for word, _ in one.pairs} | {"是", "否", "有", "无", "男", "女"}
        self._values -= _OF_SYSTEMS  # a country's letters are ID as well
        elements = lexicon.schemas.elements
        self._asking = {
            one.words
            for one in lexicon.names
            if one.source in ("registry", "contract")
            and one.fact.element
            and one.fact.derive is None
            and elements[one.fact.element].type not in ("code", "boolean")
        } - self._values
        self._latin = {
            word
            for element in lexicon.schemas.elements.values()
            for word in (*element.id.split("_"), *re.findall(r"[a-z]+", element.english.lower()))
        } | _OF_SYSTEMS

    def is_of(self, lexicon: Lexicon) -> bool:
        return self._lexicon is lexicon

    def of(self, table: FormTable, number: int) -> list[Shown]:
        """How to speak of the fields of a table, in order.

        Args:
            number: of its sheet, or table of a document, from 1.
        """
        strict = self._may_be_filled_in(table)
        sheet = table.sheet if self._may_show(table.sheet, strict=False) else f"（第 {number} 张表）"
        return [self._field(one, sheet, strict) for one in table.fields]

    def is_data(self, table: FormTable) -> bool:
        """Is nothing of a table a label, and some of it a value: rows of a register whose headers were left out?"""
        texts = [text for pair in table.beside or () for text in pair]
        texts += [text for one in table.fields for text in one.path]
        values = any(self._is_value(text) and not self.is_label(text) for text in texts)
        return values and all(shown.hidden for shown in self.of(table, 1))

    def is_label(self, text: str) -> bool:
        """Do the words of the lexicon show that a text is a label, to its last word?"""
        plain = unicodedata.normalize("NFKC", text).lower()
        words = _WORDS.findall(plain)
        if not words or any(len(word) >= LONG_NUMBER for word in words if word.isdigit()):
            return False
        whole = key(text)
        if whole == "".join(words) and (whole in self._lexicon.exact or whole in self._roles):
            return True
        if whole in self._values or len(whole) < 2 or (_PLACE.search(whole) and not self._knows(whole)):
            return False
        return all(map(self._is_word, words)) and not all(word.isdigit() for word in words)

    def _field(self, one: FormField, sheet: str, strict: bool) -> Shown:
        place = f"（第 {one.row + 1} 行第 {one.column + 1} 列）"
        path = tuple(text if self._may_show(text, strict) else place for text in one.path)
        return Shown(sheet, path, path[-1] != one.label)

    def _may_show(self, text: str, strict: bool) -> bool:
        if self.is_label(text):
            return True
        return not strict and not may_be_name(text) and not self._is_value(text)

    def _may_be_filled_in(self, table: FormTable) -> bool:
        """Can something be a value where labels are looked for?"""
        texts = [text for one in table.fields for text in one.path]
        if any(self._is_value(text) and not self.is_label(text) for text in texts):
            return True
        if table.beside is not None:
            return any(self.is_label(left) and self._is_answer(right) for left, right in table.beside)
        known = sum(self.is_label(one.label) for one in table.fields)
        return known < MOSTLY * len(table.fields) and not self._has_row_of_names(table)

    def _has_row_of_names(self, table: FormTable) -> bool:
        """Do so many names of data elements stand in one row that it is one of headers, whatever stands beside them?

        What is asked by yes or no, or by a choice (党员, 残疾人), may be an answer as well, and is left out.
        """
        named: dict[int, set[str]] = defaultdict(set)
        for one in table.fields:
            if (whole := label(one.label).words) in self._asking:
                named[one.row].add(whole)
        return any(len(names) >= SURELY for names in named.values())

    def _is_answer(self, text: str) -> bool:
        """Is it something that a person wrote: neither a label nor what a template has in its place (□, 年 月 日)?"""
        words = _WORDS.findall(unicodedata.normalize("NFKC", text).lower())
        return any(len(word) > 1 for word in words) and not self.is_label(text) and not re.search(r"[□☐○◯]", text)

    def _is_value(self, text: str) -> bool:
        """Has it the form of a value: a long number, an address, a code?"""
        plain = unicodedata.normalize("NFKC", text)
        whole = key(plain)
        return bool(_VALUE.search(plain)) or (whole in self._values and not self.is_label(text))

    def _is_word(self, word: str) -> bool:
        if word.isdigit() or len(word) == 1 or word in self._ends or self._knows(word):
            return True
        if word.isascii():
            return word in self._latin or len(word) <= 2
        pairs = _pairs(word)
        return len(pairs) > 1 and sum(pair in self._pairs for pair in pairs) >= KNOWN * len(pairs)

    def _knows(self, words: str) -> bool:
        lexicon = self._lexicon
        forms: set[str] = {words}
        for form in label(words).forms:
            forms |= {form, *(whom.rest for whom in readings(form))}
        return any(form in lexicon.exact or reduced(form) in lexicon.alike for form in forms)


def may_be_name(text: str) -> bool:
    """Is it written like the name of a person, as many words are that are none (单位, 时间)?"""
    return bool(_NAME.fullmatch(key(text)))


_MADE: list[Printable] = []


def printable_of(lexicon: Lexicon) -> Printable:
    """What tells labels by this lexicon: that which was made last, if it is of this one."""
    if not _MADE or not _MADE[0].is_of(lexicon):
        know_printable(Printable(lexicon))
    return _MADE[0]


def know_printable(printable: Printable) -> None:
    """Take it from whoever made it."""
    _MADE[:] = [printable]


def _pairs(text: str) -> Sequence[str]:
    return [text[place : place + 2] for place in range(len(text) - 1)]
