"""What every rule says to a clerk: what is wrong, by which standard, how to mend it. The one place for these texts.

A rule id is `<column>.<rule>`, `row.<rule>` for a row that could not be split into columns, or `delivery.<drift>` for a
row that is held with its whole delivery. A rule may mean another thing for another type of column: the text of (rule,
type) comes before that of (rule, any type).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from yibiao.contracts.reports import Column, Report
from yibiao.contracts.values import CodeList, Schemas


@dataclass(frozen=True)
class RuleText:
    """Texts of one rule.

    Attributes:
        what: what is wrong.
        mend: what to do about it; `{formats}` and `{values}` stand for what the column's contract says.
        clause: standard and clause; empty where the data contract itself is the rule.
    """

    what: str
    mend: str
    clause: str = ""


_CITIZEN_ID = "GB 11643-1999 公民身份号码"
_USCC = "GB 32100-2015 统一社会信用代码编码规则"
_ORGANISATION = "GB 11714-1997 全国组织机构代码编制规则"
_DIVISION = "GB/T 2260 行政区划代码、GB/T 10114 县级以下区划代码"

TEXTS: Mapping[tuple[str, str], RuleText] = {
    ("required", ""): RuleText("必填项没有填写", "请补填；“无”“不详”“/”等视为没有填写。"),
    ("type", ""): RuleText("内容无法识别", "请删去乱码，按原始材料重新填写。"),
    ("type", "text"): RuleText("含有乱码", "请删去乱码，按原始材料重新填写。"),
    ("type", "address"): RuleText("不像地址：没有文字，或含有乱码", "请按户口簿或房屋登记填写完整地址。"),
    ("type", "name"): RuleText(
        "不像姓名：没有文字、含有数字或乱码，或超过 50 个字",
        "请按证件填写姓名；少数民族姓名中间用“·”。",
        "民委发〔2016〕33号（间隔符“·”）",
    ),
    ("type", "number_text"): RuleText(
        "号码没有数字，或已被表格软件改成科学计数", "请把单元格设为文本，按原始材料重新录入完整号码，不要补零。"
    ),
    ("type", "phone"): RuleText(
        "不是可用的电话号码", "手机号码填 11 位数字；固定电话填区号和号码，例如 0591-12345678。"
    ),
    ("type", "month"): RuleText("不是可以识别的月份", "请按 {formats} 填写。"),
    ("type", "date"): RuleText("不是可以识别的日期，或没有这一天", "请按 {formats} 填写，年份写四位。"),
    ("type", "integer"): RuleText("不是整数", "请只填数字，不写单位，不写小数。"),
    ("type", "decimal"): RuleText("不是数值，或位数过多", "请只填数字，不写单位；单位以表头为准。"),
    ("code", ""): RuleText("不在规定的代码或名称之内", "请从规定的值中选填：{values}。"),
    ("form", "citizen_id"): RuleText(
        "不是公民身份号码的格式（18 位，旧号 15 位，末位可为 X）",
        "请核对证件后重新录入；单元格须设为文本，末三位变成 000 的号码不能补，须查原件。",
        f"{_CITIZEN_ID}（号码的结构）",
    ),
    ("form", "uscc"): RuleText(
        "不是统一社会信用代码的格式（18 位数字或大写字母，不用 I、O、Z、S、V）",
        "请核对营业执照或登记证书后重新录入。",
        f"{_USCC}（代码的构成）",
    ),
    ("form", "organisation_code"): RuleText(
        "不是组织机构代码的格式（8 位数字或大写字母，加 1 位校验码）",
        "请核对原代码证后重新录入；已有统一社会信用代码的，请问清该填哪一个。",
        f"{_ORGANISATION}（代码的构成）",
    ),
    ("form", "division_code"): RuleText(
        "不是行政区划代码（6 位、9 位或 12 位数字）", "请按现行区划代码填写，单元格须设为文本。", _DIVISION
    ),
    ("form", "person_number"): RuleText(
        "不是任何一种身份证件的号码（公民身份号码、居住证、永久居留证、通行证、护照）",
        "请核对证件种类和号码后重新录入，单元格须设为文本。",
        _CITIZEN_ID,
    ),
    ("form", ""): RuleText("号码的格式不对", "请核对证件后重新录入，单元格须设为文本。"),
    ("check_digit", "citizen_id"): RuleText(
        "末位校验码与前 17 位不符，至少有一位录错",
        "请逐位核对证件，改正录错的一位；不要只改末位凑数。",
        f"{_CITIZEN_ID}（校验码）",
    ),
    ("check_digit", "uscc"): RuleText(
        "末位校验码与前 17 位不符，至少有一位录错",
        "请逐位核对营业执照或登记证书，改正录错的一位。",
        f"{_USCC}（校验码）",
    ),
    ("check_digit", "organisation_code"): RuleText(
        "末位校验码与前 8 位不符，至少有一位录错", "请逐位核对代码证，改正录错的一位。", f"{_ORGANISATION}（校验码）"
    ),
    ("check_digit", ""): RuleText("校验码与号码不符，至少有一位录错", "请逐位核对证件，改正录错的一位。"),
    ("day", "citizen_id"): RuleText(
        "第 7 至 14 位不是存在的出生日期", "请核对证件上的出生日期和号码。", f"{_CITIZEN_ID}（出生日期码）"
    ),
    ("range", "date"): RuleText("日期晚于本期，或早于 1850 年", "请核对年份和月份。"),
    ("range", "integer"): RuleText("数量为负数", "请填 0 或正整数。"),
    ("range", ""): RuleText("数值超出合理范围", "请核对数值和单位。"),
    ("length", ""): RuleText("文字过长（超过 4000 字节）", "请缩短，只留要点；是不是有几行并成了一格？"),
    ("birth_date_differs", ""): RuleText(
        "出生日期与公民身份号码中的不一致", "请核对证件，改正其中一处。", f"{_CITIZEN_ID}（出生日期码）"
    ),
    ("sex_differs", ""): RuleText(
        "性别与公民身份号码第 17 位不一致（单数为男，双数为女）",
        "请核对证件，改正其中一处。",
        f"{_CITIZEN_ID}（顺序码）",
    ),
    ("unique", ""): RuleText("同一主键在本期出现多次", "请确认是否重复上报，只保留一行。"),
    ("lost_digits", ""): RuleText(
        "号码太长，表格软件只留下前 15 位，末几位已经丢失",
        "请先把单元格设为文本，再按原始材料录入完整号码；丢失的位数推算不出来，不要补零。",
    ),
    ("leading_zeros", ""): RuleText("代码开头的零丢失了", "请核对原始材料后补上；单元格须设为文本。"),
    ("error_value", ""): RuleText("单元格里是错误值（如 #N/A、#REF!）", "请按原始材料填写真实内容。"),
    ("formula_value", ""): RuleText("单元格里是没有算出结果的公式", "请填写计算结果，只粘贴值，不粘贴公式。"),
    ("spaces", ""): RuleText("内容前后有空格", "请删去前后空格。"),
    ("full_width", ""): RuleText("数字或字母是全角", "请改成半角。"),
    ("number_as_text", ""): RuleText("数值存成了文本", "请核对后按数值填写。"),
    ("text_as_number", ""): RuleText("号码存成了数值", "请核对位数；号码无误的，在“采用建议”列填“是”。"),
    ("number_format", ""): RuleText("开头的零只在显示格式里，不在内容里", "请核对后录入完整代码；单元格须设为文本。"),
    ("date_serial", ""): RuleText("日期存成了一个序号", "请按 {formats} 填写。"),
    ("merged_cells", ""): RuleText("合并单元格，下面的行没有内容", "请取消合并，每一行都填写。"),
    ("covered_text", ""): RuleText(
        "合并单元格下面压着另外的内容，表上看不见", "请取消合并，核对后每一行都填写正确的内容。"
    ),
    ("boolean", ""): RuleText("内容是 TRUE 或 FALSE", "请填“是”或“否”。"),
    ("percent", ""): RuleText("内容是百分数", "请核对单位后填写数值。"),
    ("delivery.new_column", ""): RuleText("整份文件待定：比约定多出了列", "请说明新增列的含义，或按原格式重报。"),
    ("delivery.missing_column", ""): RuleText("整份文件待定：缺少约定的列", "请补上缺少的列后重报。"),
    ("delivery.renamed_column", ""): RuleText(
        "整份文件待定：列名与约定不同", "请确认列名是否有意更改，或按原列名重报。"
    ),
    ("delivery.reordered", ""): RuleText(
        "整份文件待定：列的顺序与约定不同", "请确认顺序是否有意更改，或按原顺序重报。"
    ),
    ("delivery.changed_type", ""): RuleText("整份文件待定：某列多数内容与约定不同", "请确认该列是否改填了别的内容。"),
    ("delivery.", ""): RuleText("整份文件待定：格式与约定不同", "请按约定的格式重报。"),
    ("row.quote", ""): RuleText("这一行的引号不成对，分不清各列", "请对照“原始文本”把各项填回所在的列。"),
    ("row.nul", ""): RuleText("这一行含有空字节，多半是传输中损坏", "请按原始材料把各项填回所在的列。"),
    ("row.encoding", ""): RuleText(
        "这一行有无法识别的字节（“原始文本”中写作 \\xE5 的样子），多半是文字被截断、传输损坏，或混入了别的编码",
        "请按原始材料补填空着的各项，并核对其余各项。",
    ),
    ("row.hidden", ""): RuleText("这一行在表格里是隐藏的，不知是否有效", "有效的请取消隐藏；无效的请回函说明。"),
    ("row.shape", ""): RuleText("这条记录的结构与约定不同", "请对照“原始文本”把各项填回所在的列。"),
    ("row.repeated_key", ""): RuleText("这条记录里同一项写了两次", "请对照“原始文本”，每项只填一个值。"),
    ("row.columns", ""): RuleText(
        "这一行的列数与表头不同，多半是内容里夹了分隔符或换行", "请对照“原始文本”把各项填回所在的列。"
    ),
    ("row.json", ""): RuleText("这一行不是完整的 JSON 记录", "请对照“原始文本”把各项填回所在的列。"),
    ("row.", ""): RuleText("这一行无法确定地分成各列", "请对照“原始文本”把各项填回所在的列。"),
}
"""(rule, type of the column) -> texts; an empty type stands for all others, `row.` for all other rules of rows."""

UNKNOWN = RuleText("不符合数据合同的规则", "请对照原始材料核对后改正。")
"""For a rule that an older program wrote into a package and that exists no more."""

LISTED = 24
"""Values of a code list that are named; of longer lists only their source."""


@dataclass(frozen=True)
class Explanation:
    """One broken rule in words for the sender.

    Attributes:
        rule: its id.
        column: contract column, empty for a rule of the whole row.
        header: what stands above it in the sender's file.
        what, clause, mend: see `RuleText`; the clause is never empty.
    """

    rule: str
    column: str
    header: str
    what: str
    clause: str
    mend: str


def find_text(rule: str, column_type: str = "") -> RuleText | None:
    """The texts of a rule: `check_digit` with the type of its column, or `row.<rule>`; None if it has none."""
    return TEXTS.get((rule, column_type)) or TEXTS.get((rule, ""))


def explain(rule_id: str, report: Report, schemas: Schemas) -> Explanation:
    """What a broken rule of a report says to its sender. Never quotes a cell."""
    name, _, rule = rule_id.rpartition(".")
    column = next((one for one in report.columns if one.name == name), None)
    if column is None:
        text = find_text(rule_id) or find_text(f"{name}.") or UNKNOWN
    else:
        text = find_text(rule, column.type) or UNKNOWN
    mend = text.mend
    if column is not None:
        mend = mend.replace("{formats}", _formats(column)).replace("{values}", _values(column, schemas))
    clause = text.clause or _clause(rule, column, report, schemas)
    return Explanation(rule_id, column.name if column else "", column.header if column else "", text.what, clause, mend)


def _clause(rule: str, column: Column | None, report: Report, schemas: Schemas) -> str:
    code_list = _code_list(column, schemas) if rule == "code" and column is not None else None
    return f"{code_list.source} {code_list.name}" if code_list else f"《{report.title}》数据合同（{report.version} 版）"


def _code_list(column: Column, schemas: Schemas) -> CodeList | None:
    return schemas.codes.get(column.code_list) if column.code_list else None


_EXAMPLE = datetime(1990, 3, 5, 8, 30)
_FORMAT_WORDS = (("%Y", "YYYY"), ("%m", "MM"), ("%d", "DD"), ("%H", "hh"), ("%M", "mm"), ("%S", "ss"))


def _formats(column: Column) -> str:
    shown = []
    for pattern in column.date_formats:
        if "%" not in pattern:  # serial numbers of spreadsheets: nobody should have to type one
            continue
        example = _EXAMPLE.strftime(pattern)
        for code, word in _FORMAT_WORDS:
            pattern = pattern.replace(code, word)
        shown.append(f"“{pattern}”（如 {example}）")
    if shown:
        return "或".join(shown)
    return "“YYYY-MM”（如 1990-03）" if column.type == "month" else "“YYYY-MM-DD”（如 1990-03-05）"


def _values(column: Column, schemas: Schemas) -> str:
    """The values that the sender uses: the contract's own ones, else those of the list in the form that cells hold."""
    own = allowed_values(column, schemas)
    if own and len(own) <= LISTED:
        return "、".join(own)
    code_list = _code_list(column, schemas)
    return f"见代码表《{code_list.name}》" if code_list else "见代码表"


def allowed_values(column: Column, schemas: Schemas) -> list[str]:
    """What the sender may write into a column with a code list, in his own form; empty for other columns."""
    code_list = _code_list(column, schemas)
    if column.codes or code_list is None:
        return list(column.codes)
    forms = (
        {"code": code.code, "name": code.name, "alias": (code.aliases or (code.name,))[0]} for code in code_list.codes
    )
    return [form.get(column.codes_as, form["name"]) for form in forms]
