"""Says in Chinese what is wrong in the schemas, for whoever keeps the registry or a contract: what, and what to do.

Findings speak English, as logs and code do. The commands that check the schemas say these sentences first, the English
one with its evidence below. They are looked up by the English sentence, as those of `yibiao.said`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yibiao.contracts.documents import Finding

SAID: Mapping[str, str] = {
    # what every element says, and that it is collected once
    "`{id}` ({name}) does not say its {key} ({chinese}).": (
        "数据元“{name}”（{id}）没有写{chinese}。请在数据元下或文件的 defaults 里补上 {key}:"
    ),
    "`{id}` is shared on a condition or not at all, but does not say which condition or ground.": (
        "数据元 {id} 是有条件共享或不予共享，但没有写条件或依据。请补上 sharing_condition:"
    ),
    "`{id}` is {sensitivity} and shared unconditionally.": (
        "数据元 {id} 涉及个人信息，不能无条件共享。请改为 conditional 或 none"
    ),
    "`{id}` stands in a file of no entity.": "数据元 {id} 所在的文件不属于任何对象。文件应叫：{expected}",
    "The waiver of `{id}` names no reports.": "数据元 {id} 的豁免没有指明报表：any 只用于主键和行本身的说明",
    "The waiver of `{id}` permits what nobody does.": "数据元 {id} 的豁免用不着了（{got}）。请删去",
    "The waiver of `{id}` for {reports} ended on {day}.": (
        "数据元 {id} 的豁免 {day} 已到期，仍有报表重复收集。请不再收集、改用数源的数据，或重新决定期限"
    ),
    "`{id}` ({name}) is collected by {source} and again by {reports}.": (
        "数据元“{name}”（{id}）已由 {source} 收集，又由 {reports} 重复收集。请删去这一栏、改用共享数据，"
        "或在 waivers.yml 写明理由和期限"
    ),
    "`reports` is a list of reports, or `any`.": "豁免的 reports 应是报表列表，或 any。请用方括号列出",
    "A waiver without a reason.": "豁免没有写理由。请写明为什么还不能共享",
    "Two data elements are named {name}.": "有两个数据元都叫“{name}”。请给其中一个改名",
    "{word} has {count} meanings: {shown}.": (
        "“{word}”一词有 {count} 个意思：{shown}。请只留一处，或用 context 写明在哪里是哪个意思"
    ),
    # elements, code lists, departments, entities
    "Data element `{id}` is defined twice.": "数据元 {id} 定义了两次（{got}）。请只留一处，或给这一个改编号",
    "Data element `{id}` needs a code list exactly if its type is code.": (
        "数据元 {id}：类型是 code 的必须有代码集，不是的不能有"
    ),
    "The context of the alias is empty.": "别名的 context 是空的。请写上词语，或删去 context",
    "An alias stands in the list twice.": "别名重复：{got}。请删去一个",
    "A department stands in the list twice.": "部门重复。请删去一个",
    "The id is not snake_case.": "编号“{got}”写法不对：只用小写字母、数字和单个下划线",
    "`{text}` is a word of SQL and cannot be a name.": "{text} 是 SQL 的保留词，不能作编号。请换一个",
    "There is no {noun} `{given}`.": "没有这个{noun}：{given}。可用：{expected}",
    "The unified social credit code of a department is not valid.": (
        "部门的统一社会信用代码不对。请照证书抄写；没有的删去这一行"
    ),
    "Department `{id}` has the same unified social credit code.": (
        "部门 {id} 也是这个统一社会信用代码。内设机构没有自己的代码，请删去这一行"
    ),
    "Department `{id}` is defined twice.": "部门 {id} 定义了两次。请删去一个",
    "Code list `{id}` is named twice.": "代码集 {id} 列了两次。请删去一个",
    "Code list `{id}` has no values.": "代码集 {id} 没有代码。缺{expected}",
    "The header of the code list is wrong.": "代码集文件的表头不对，应为：{expected}",
    "The row is not a code with a name.": "这一行不是“代码＋名称”。各列应为：{expected}",
    "The code {code} is in the list twice.": "代码 {code} 重复。请删去一行",
    "valid_from and valid_to are dates.": "valid_from 和 valid_to 应为 YYYY-MM-DD，或留空",
    "keys, links and elements are lists of element ids.": "keys、links、elements 应是数据元编号的列表",
    "A person of an entity is told by elements of a resident.": "persons 的写法不对，应为：{expected}",
    "Entity `{id}` is defined twice.": "对象 {id} 定义了两次。请删去一个",
    "A data element is listed twice.": "数据元重复。请删去一个",
    "The {role} is not told by name and number.": "{role} 要用姓名和公民身份号码来认：{expected}",
    "`{name}` is no address of the entity.": "{name} 不是这个对象的地址，应是类型为 address 的数据元",
    "`{target}` has no address of its own, or no key of one element.": (
        "对象 {target} 没有自己的地址，或没有单个数据元的主键"
    ),
    "`{asked}: {own}` does not lead from an element of a resident to one of this entity.": (
        "{asked}: {own} 写法不对，应为：{expected}"
    ),
    "The link does not fit the first key of `{target}`.": "联系与对象 {target} 的第一个主键对不上，应有 {expected}",
    "`{own}` is of another type than `{asked}`.": "{own} 与 {asked} 类型不同，应为 {expected}",
    # how a value is chosen
    "The list is empty.": "取值规则是空的。可用：{expected}",
    "This is no criterion of survivorship.": "没有这种取值规则：{got}。可用：{expected}",
    "A citizen ID number does not state `{id}`.": "公民身份号码里没有 {id}，不能用它取值",
    "`{id}` has no authority to lead.": "{id} 没有数源部门，不能用 leading",
    "`{name}` names codes of the element's own list.": "{name} 只能用数据元自己代码集里的代码。不在其中的：{got}",
    "`{name}` is named twice.": "取值规则 {name} 写了两次。请删去一个",
    "`authority` stands alone: after other criteria it decides anyway.": (
        "authority 只能单独写：别的规则之后本来就由它决定。请删去"
    ),
    "Values of `{id}` depend on those of an entity that depends on them.": (
        "对象 {id} 的取值与别的对象互相依赖。请去掉其中一个 same_as"
    ),
    "`{name}` is chosen by the citizen ID number, but `{id}` has none.": "{name} 按公民身份号码取值，对象 {id} 没有它",
    "`{name}` is compared with `{other}`, but `{id}` has no link to it.": "{name} 要与 {other} 比对，{id} 连不到它",
    "`{name}` is compared with `{other}`, which is no element of `{id}`.": (
        "{name} 要与 {other} 比对，但它不是对象 {id} 的数据元"
    ),
    "`{name}` and `{other}` are not of one type.": "{name} 与 {other} 类型不同，不能比对",
    "`{name}` is chosen by means of `{other}`, which therefore has to be chosen by authority.": (
        "{name} 靠 {other} 取值，{other} 就只能按数源部门取值"
    ),
    # files
    "A mapping is expected.": "这里应是“键: 值”。可用的键：{expected}",
    "Unknown key `{key}`.": "没有这个键：{key}。可用：{expected}",
    "The value of `{key}` has the wrong type.": "{key} 的值类型不对：应为 {expected}，现为 {got}",
    "The key `{key}` is missing.": "缺少键 {key}。请补上",
    "Not a contract.": "这个文件不是数据契约。文件应叫：{expected}",
    # contracts
    "Not an ODCS contract: {problem}.": "不是 ODCS 数据契约：{problem}",
    "The contract breaks the ODCS schema at `{place}`: {problem}.": "数据契约在 {place} 处不合 ODCS 规范：{problem}",
    "Only ODCS 3.x is understood.": "只认 ODCS 3.x，现为 {got}",
    "ODCS has no key `{key}` here.": "ODCS 在这里没有键 {key}。ODCS 没有的写在 customProperties 里",
    "The key `{key}` is missing or empty.": "缺少键 {key}，或是空的。请补上",
    "The id does not fit the file.": "契约编号与文件不符：应为 {expected}，现为 {got}",
    "The domain is not the department.": "domain 应是部门：{expected}",
    "A report has one entry under `{key}`.": "一张报表在 {key} 下只能有一项，现有 {got} 项",
    "customProperties `mode` and `about` are required.": "customProperties 里必须有 mode 和 about。请补上",
    "No column is the key of the report.": "报表没有主键。请在能区分各行的栏目上写 primaryKey: true",
    "`team.name` says who mends the report.": "缺 team.name：由谁负责这张报表。请补上",
    "One entry of slaProperties has the `schedule`.": "slaProperties 里应有且只有一项 schedule，现有 {got} 项",
    "The schedule is not a cron line.": "schedule 不是 cron 写法，应有五段",
    "The pattern is not a regular expression: {problem}.": "pattern 不是正则表达式：{problem}",
    "`from` says where the edition stands.": "edition 的 from 写法不对。可用：{expected}",
    "The day of a run is no edition of a file: the same file would be another edition every month.": (
        "文件的期不能按运行日算，否则同一文件每月都是新的一期。可用：{expected}"
    ),
    "What is extracted has neither name nor title cell.": "从接口或数据库取的数据没有文件名和标题。可用：{expected}",
    "The pattern does not tell the edition.": "pattern 认不出期。要有命名组 year、month，可有 day",
    "Only new and changed rows of a database come by `cursor`: that is a report of mode delta.": (
        "cursor 只取数据库里新增和改动的行，mode 应为 delta，现为 {got}"
    ),
    "The constant `{name}` is not text: put it in quotes.": "常量 {name} 不是文本。请加引号",
    "The constant `{name}` is not in its code list.": "常量 {name} 不在代码集 {expected} 里",
    "`{name}` is both a constant and a column.": "{name} 既是常量又是栏目。请去掉一个",
    "`{text}` is already taken by the column `{column}`.": "栏目 {column} 已经用了 {text}。请加 role、改名，或去掉别名",
    "The report has no columns.": "报表没有栏目",
    "A column has a `role` or an `entity`, not both.": "一栏只能有 role 或 entity 之一",
    "The property name is not snake_case, or is a word of SQL.": (
        "栏目名“{got}”写法不对：只用小写字母、数字、下划线，不用 SQL 的保留词"
    ),
    "A `role` needs an `element`.": "有 role 的栏目必须有 element",
    "The own field `{name}` has the name of a data element.": "自有栏目 {name} 与数据元同名。请写明 element，或改名",
    "The logicalType does not fit the data element `{id}` ({kind}).": (
        "logicalType 与数据元 {id} 不符：应为 {expected}，现为 {got}"
    ),
    "A date needs the custom property `dateFormat`.": "日期栏目必须写 dateFormat",
    "This is no date format.": "日期格式不对：{got}",
    "`dateFormat` has no meaning for the type {kind}.": "类型 {kind} 用不着 dateFormat。请删去",
    "`codes` and `codesAs` need a data element with a code list.": "codes 和 codesAs 只能用于有代码集的数据元",
    "Values and codes are text: put them in quotes.": "值和代码都是文本。请加引号",
    "The code {code} is not in the list `{id}`.": "代码 {code} 不在代码集 {id} 里。可用：{expected}",
    "The unit {unit} cannot become that of the data element.": "单位 {unit} 换算不成数据元的单位 {expected}",
    "A custom property has a `property` and a `value`.": "customProperties 的每一项都要有 property 和 value",
    "Unknown custom property `{name}`.": "没有这个 customProperties：{name}。可用：{expected}",
    "`{name}` is given twice.": "{name} 写了两次。请删去一个",
    "The value of `{name}` is wrong.": "{name} 的值不对，应为：{expected}",
    # where deliveries lie
    "Deliveries cannot be fetched this way.": "不能这样取数。可用：{expected}",
    "Nothing says where deliveries lie.": "没有写数据在哪里。请补上{expected}",
    "A database needs the custom property `table` or `query`.": "取自数据库的，必须写 table 或 query",
    "The format {format} has no encoding.": "格式 {format} 没有编码一说。请删去这一行",
    "A secret stands in `{key}`.": (
        "{key} 里写着密码或令牌。请改为 ${{NAME}} 或 ${{airflow:id}}，并更换已经写在这里的密码"
    ),
    "The `value` of `auth` is no reference.": "auth 的 value 应写 ${{NAME}} 或 ${{airflow:id}}，不写密码本身",
    # what `contract lint` asks besides
    "{own} of {all} columns are departments' own fields without a data element.": (
        "{all} 个栏目中有 {own} 个是部门自有的，没有对应数据元"
    ),
    "`onRepair` of `{id}` speaks of cells of spreadsheets.": "{id} 的 onRepair 只用于电子表格。请删去",
    "No report delivers `{name}` yet, a further key of `{id}`.": "对象 {id} 的另一个主键 {name} 还没有报表提供",
    "No report delivers the element `{name}` of `{id}`.": "对象 {id} 的数据元 {name} 没有报表提供",
    "`{department}` is an authority of `{id}`, but none of its reports delivers it.": (
        "部门 {department} 是 {id} 的数源部门，但它没有报表提供这一项。请从数源部门中去掉，或在它的报表里加上"
    ),
    "Rows of `{id}` speak of the {entity} but have no certain key of it.": (
        "报表 {id} 的行说到对象 {entity}，但没有它的可靠主键。应有：{expected}"
    ),
    "`{value}` means {codes} in the list `{id}`.": "代码集 {id} 里“{value}”可指 {codes}。请去掉别名，或把名称写清楚",
    "The header of `{column}` in `{id}` says `{words}`, the contract reads {read}.": (
        "报表 {id} 的栏目 {column}：表头写的是 {words}，契约按 {read} 读。应为 {expected}"
    ),
    "`{column}` of `{id}` says what the {entity} keeps of its {role}.": (
        "报表 {id} 的栏目 {column} 就是对象 {entity} 记的 {role}。应写 {expected}"
    ),
}
"""English sentence -> Chinese one. `{expected}` and `{got}` are those of the finding; any other name in braces stands
for a word of the English sentence, put into Chinese by `WORDS` where it is there. The first that fits counts."""

WORDS: Mapping[str, str] = {
    "data element": "数据元",
    "type of data element": "数据元类型",
    "usable logicalType": "可用的 logicalType",
    "sensitivity": "敏感级别",
    "freshness": "时效",
    "sharing type": "共享类型",
    "unit": "单位",
    "code list": "代码集",
    "department": "部门",
    "entity": "对象",
    "entity of `about` with this element": "（about 中）有此数据元的对象",
    "report": "报表",
    "column": "栏目",
    "format": "格式",
    "encoding": "编码",
}

_NAME = re.compile(r"\{(\w+)\}")


def said_finding(finding: Finding) -> str:
    """What is wrong and what to do, in Chinese; empty where nobody has put the finding into Chinese."""
    for pattern, text in _PATTERNS:
        if found := pattern.fullmatch(finding.what):
            words = {name: WORDS.get(word, word) for name, word in found.groupdict().items()}
            return text.format(**{"expected": finding.expected, "got": finding.got, **words})
    return ""


def _pattern(text: str) -> re.Pattern[str]:
    parts = _NAME.split(text)  # texts and names by turns
    return re.compile(
        "".join(f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL
    )


_PATTERNS = [(_pattern(text), told) for text, told in SAID.items()]
