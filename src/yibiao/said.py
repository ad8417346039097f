"""Says in Chinese what went wrong with a form, for the clerk at the keyboard: what it is, and what to do (错误说明).

Errors speak English, as logs and code do. Whoever submits, checks, fills, collects or decides about forms reads these
sentences first, the English text with its places below them. They are looked up by the English sentence, so that a
reader of files need not know who reads its errors. A returned file says more (`forms.collect.reply`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from yibiao.errors import YibiaoError

SAID: Mapping[str, str] = {
    # the program itself
    "There is no model for matching fields.": "认表头用的模型文件 {where} 不在，程序没有装全。请找系统管理员",
    "The model for matching fields is no JSON.": "认表头用的模型文件 {where} 坏了。请找系统管理员",
    "The model for matching fields was trained {how}.": (
        "认表头用的模型 {where} 与程序或旁边的文件不是同一版本，不能用。请找系统管理员"
    ),
    # files that are to be a form
    "The file cannot be opened.": "打不开文件 {where}。请检查路径和权限",
    "The file is empty.": "文件 {where} 是空的。请重新保存或导出后再试",
    "A PDF is a picture of a table, not a table.": "{where} 是 PDF，不是表格。请用原来的表格（.xlsx 或 .docx）",
    "The file is a web page, maybe named like a spreadsheet.": "{where} 其实是网页。请用表格程序打开，另存为 .xlsx",
    "The file was cut off: it begins like a workbook or archive and does not end like one.": (
        "文件 {where} 不完整，后半截没有了。请重新复制或重新发送"
    ),
    "The file is no text.": "文件 {where} 不是文本，也不是认得的表格。请另存为 .xlsx",
    "The file has far more columns than a form.": (
        "文件 {where} 的栏目太多（{got}），不像表单。请检查是不是汇总结果表"
    ),
    "This kind of file holds no form.": (
        "{where} 这种文件里没有表单。可用的有 XLSX、XLS、ODS、DOCX、CSV；压缩包请先解开"
    ),
    "No form was found in the file.": "文件 {where} 里没有找到表头。请保留表头一行后再试",
    "No form was found in the workbook.": (
        "工作簿 {where} 里没有找到表单：看得见的工作表里没有表头，也没有“栏目＋空格”。表单是图片的，请把栏目打进"
        "表格；表单在隐藏的工作表里的，请取消隐藏"
    ),
    "No form was found in the document.": "文档 {where} 里没有找到表格。用图片或空格画的表单，请改成表格",
    "No header was found: where headers would stand, the file has what looks like answers.": (
        "文件 {where} 里没有找到表头：该是表头的地方像是填写的内容。请在上面加上表头一行，或者用没有填过的空表"
    ),
    "The file is text without columns, though it is named like a workbook or document.": (
        "{where} 的名字像表格或文档，内容却是没有分栏的文本。请用原来的程序打开，重新保存后再试"
    ),
    "The file is protected by a password.": "文件 {where} 有密码。请去掉密码（文件 → 信息 → 保护工作簿）后再试",
    "The file is a document of an old version of Word.": "{where} 是旧的 .doc 格式。请打开后另存为 .docx",
    "The document cannot be read.": "文档 {where} 读不出来：可能损坏，或有密码。请打开后另存为 .docx",
    "The document is far larger than a form.": "文档 {where} 太大，不像表单。请把表单单独存成一个文件",
    "The file cannot be opened as a spreadsheet.": (
        "{where} 打不开：可能损坏，或有密码。请用表格程序打开，另存为 .xlsx"
    ),
    "The sheet breaks off.": "{where} 的工作表不完整。请用表格程序打开，另存为 .xlsx",
    "The workbook unpacks to far more than a workbook holds.": (
        "{where} 解开后大得不正常，没有读取。请重新另存为 .xlsx"
    ),
    "The sheet is too large: a cell far away from the table makes it so.": (
        "{where} 里有一格离表格太远，工作表因此大得不正常。请删去多余的行和列，保存后再试"
    ),
    "A row of the sheet is repeated thousands of times: it was filled down to the end of the sheet.": (
        "{where} 里有一行被一直填充到表底。请删去多余的行，保存后再试"
    ),
    "Two cells of the sheet are at the same place: which one counts, nobody knows.": (
        "{where} 里同一格有两个内容，无法判断用哪个。请用表格程序打开，另存为 .xlsx"
    ),
    # a department's own workbook
    "The file cannot be read.": "文件 {where} 读不出来。请用表格程序打开，另存为 .xlsx",
    "The file is damaged.": "文件 {where} 损坏，打不开。请重新保存后再试",
    "The file is protected by a password, or is of the old format.": (
        "文件 {where} 有密码，或是旧格式。请去掉密码，另存为 .xlsx"
    ),
    "The form is too large to be filled.": "表单 {where} 太大，不能预填。请删去图片和无关的工作表",
    "A form in the old format cannot be filled in its own layout.": (
        "{where} 是旧的 .xls 格式，不能按原样预填。请另存为 .xlsx 后重新送审"
    ),
    "Only workbooks of Excel are filled in their own layout.": (
        "{where} 不是 Excel 工作簿，不能按原样预填。请另存为 .xlsx 后重新送审"
    ),
    "The workbook is of the strict kind, which few programs read.": (
        "工作簿是“Strict Open XML”格式，多数程序读不了。请另存为普通的 .xlsx 后重新送审"
    ),
    "This workbook was filled in here; it is no empty form.": "这是系统预填过的表，不是空表。请交部门自己的空表",
    "More than one sheet of the form is there to be filled.": ("有几张工作表都要填：{got}。请每张单独送审，或合成一张"),
    "The form has no table of rows.": "{where} 里没有“一行一人（一户、一件）”的表格。请加上一行表头",
    "The form has labels beside cells, one sheet for each person: it cannot be filled for a whole community.": (
        "这是一人一张的卡片表，不能整个社区一起预填。请改成一行一人的表格，或用系统画的版式"
    ),
    "There is more than one table in the sheet.": "{where} 里有几个表格。请每个表格单独放一张工作表，分别送审",
    "The sheet has no header that is known.": "{where} 里没有找到表头。请加上一行表头",
    "The form is filled in already.": "{where} 已经填了内容。请交空表；示例行请标明“示例”",
    "Rows of the table are merged: each person or thing needs a row of its own.": (
        "{where} 的行之间有合并单元格。请拆开，一人（一户、一件）一行"
    ),
    "The formulas of a column are not the same in every row.": (
        "{where} 有一列的公式各行不一样。请把第一行的公式向下复制"
    ),
    "Nobody has said what a row of this form is about.": (
        "{where}：没有说明一行是什么（人、户、房屋……）。请加 --entity 重新送审"
    ),
    "The form was registered with other fields than its file has.": ("{where}：登记的栏目和文件里的不一样。请重新送审"),
    "The file of this form is not there any more.": "{where}：送审时的文件不在了。请用同一个文件重新送审",
    # submission and decisions
    "The form asks nothing.": "{where} 没有要填的栏目：只有序号和签名。请检查是不是交错了文件",
    "The form is another department's.": "{where}：这是别的部门的表（{expected}）。请由该部门送审",
    "There is no department of this id.": "没有这个部门编号：{got}。编号见 schemas/departments.yml",
    "The id of a form is `<department>.<name>`.": (
        "表单编号“{got}”不对：应是“部门编号.名称”，名称用小写字母、数字、下划线"
    ),
    "There is no such entity.": "没有这种对象：{got}。可选：{expected}。请用 --entity 给出一行说的是什么",
    "A form has somebody who answers for it, and a legal basis.": "{where}：负责人和法律依据都要写明",
    "Without this count no burden follows.": "{where}：缺这个数，算不出填报负担。请补上",
    "This count cannot be.": "{where}：数目 {got} 不合理。应为 1 以上的整数，每年次数最多 366",
    "What this field asks is not in doubt.": (
        "{where}：这一栏问什么没有疑问，不用 --means。认为判断有错的，由审批人用 --except 说明"
    ),
    "There is no data element of this id.": "没有这个数据元：{got}。请用 yibiao elements search 查找",
    "Nobody holds what the system is to fill in.": ("{where}：没有报表提供这一栏，系统填不了。请改为 typed 或 picked"),
    "More than one field is called so.": "{where}：有几栏都叫这个名字。请写全表头：{expected}",
    "The form has no such field.": "{where}：表里没有这一栏。有：{expected}",
    "A form cannot expire on this day.": "{where}：有效期不能到 {got}。不能早于今天，最长三年。请用 --expires 另给日期",
    "A renewal ends later than what it renews.": "{where}：续期 {got} 不比原来的晚。请给更晚的日期",
    "This field needs no exception.": "{where}：这一栏本来就可以问，请去掉它的 --except",
    "An exception needs a reason.": "{where}：允许例外要写理由：--except 栏目=理由",
    "Nobody has said what these fields ask.": (
        "{where}：这些栏目问什么还不清楚：{got}。请退回，让填报部门用 --means 说明"
    ),
    "The form asks people for what sharing supplies.": (
        "{where}：有栏目是共享已能提供的，不能再向群众收集（下面列出栏目、提供部门和条文）。请退回，让填报部门删"
        "去或改由系统预填（--prefill）；确需收集的，逐栏写明理由：--except 栏目=理由"
    ),
    "A decision needs a reason.": "{where}：作决定要写理由（--reason）",
    "The control numbers of this year are used up.": "{where} 年的准入编号用完了。请明年再批准，或把已有的表续期",
    "The form cannot be {done} in its present state.": (
        "{where}：现在不能{done}。目前状态：{got}。有送审稿的先批准或退回，没有的先送审"
    ),
    "There is no form of this id.": "没有这张表：{got}。可用的见 yibiao form list",
    "This is no number of months.": "月数 {got} 不对：应为 1 至 120",
    "Whether something was used for so long is not known.": (
        "使用记录还没有这么久，说不出哪些没人用。请减少月数，或以后再查"
    ),
    "`where` names nothing that is defined.": "--where 里的名称没有定义：{got}。可用：{expected}",
    "The rows' entity does not lead there.": "--where 里用了连不到的对象：{got}。可用：{expected}",
    "A condition compares `<entity>.<element>` with literals only.": "--where 只能写“对象.数据元”与固定值的比较",
    # filling, tickets, returns
    "No community lies under this code.": "这个区划代码下没有社区。--area 请给社区、街道（乡镇）或区县的代码",
    "A form could not be filled from this release.": (
        "{where}：不能预填。请先运行 yibiao run --force；仍不行的，检查表单的取数条件"
    ),
    "A form has more rows in one community than a workbook holds.": (
        "{where}：行数 {got}，一张工作表放不下。请只填一部分，或拆分社区"
    ),
    "The rows of a form came out of order.": "{where}：取出的行次序不对，没有预填。请把这条信息交给技术人员",
    "The form gives no contract.": "{where}：这张表生成不了数据契约。请检查它的栏目",
    "The form has a contract already.": "这张表已经有数据契约：{where}。要改就改那里，要重做先删掉",
    "What stands in the folder from last time cannot be read.": (
        "{where}：上次的数据包读不出来，比不出变化。请换一个文件夹，或删去它（这次就不说变化）"
    ),
    "There is no such ticket.": "没有这张工单：{got}。见 yibiao ticket list",
    "A decision about a ticket needs a reason.": "{where}：答复要写理由（--reason），社区会看到",
    "This is no decision.": "{where}：没有这种答复：{got}。可选：{expected}",
    "The ticket is accepted already.": (
        "{where}：已经采纳过了（{got}），没有再记一次。"
        "要改主意用 ticket refuse；要换成别的值，先 ticket withdraw 再 ticket accept --value"
    ),
    "The ticket is refused already.": ("{where}：已经答复过不予采纳（{got}），没有再记一次。要改主意用 ticket accept"),
    "Only a ticket that is accepted can be taken back.": (
        "{where}：只有已采纳的才能撤回。目前状态：{got}。要答复用 ticket accept 或 ticket refuse"
    ),
    "The form says only that the value is wrong, not what is right.": (
        "{where}：社区只说原值不对，没有给出新值。请用 --value 给出正确的值，或不予采纳"
    ),
    "This is no {element}.": "{where}：给的值不是有效的{element}。代码请写代码，日期写成 YYYY-MM-DD",
    "The counts of a return are wrong.": "{where}：交回的格数不对",
    "The period of a return is none.": "{where}：填报期 {got} 不对。应为 YYYY、YYYY-MM 或 YYYY-MM-DD",
    "The community of a return is none.": "{where}：社区代码不对。应为 12 位区划代码，或 9 位乡镇代码",
    # the account
    "This program does not know the burden formula by which a figure was stated.": (
        "不认得当时计算负担的公式（{got}）。请用当时的程序，或把表续期重新估算"
    ),
    "The burden of the forms could not be counted in this release.": (
        "在这一版数据里算不出填报负担（{where}）。请先运行 yibiao run --force"
    ),
    "The release holds no load.": "这一版数据里没有任何报表。请先运行 yibiao run",
    "The period ends before it begins.": "期间的截止日早于起始日。请把 --from 改早，或把 --to 改晚",
    "None of the forms has such a field.": (
        "{where}：哪张表都没有这一栏。写法：表头用“/”连接，或数据元编号，或“表单:栏目”。栏目见 yibiao form show"
    ),
    "None of the forms has this id.": "没有这张表（{where}）。可用的见 yibiao form list",
    "Two forms at least are merged.": "合并至少要两张表：--merge 表一,表二",
    "Forms about different things cannot be merged.": (
        "{where}：一行问的对象不同，不能合并。请只把对象相同的表写进一个 --merge"
    ),
    "These forms are accounted for by different formulas.": (
        "{where}：负担按不同公式算出，不能一起算。请先把旧的那张续期"
    ),
    "There is no form whose change could be simulated.": (
        "没有可以测算的表：没有在有效期内的表，也没有点名（表单:栏目）"
    ),
    # releases and the working folder
    "Nothing is published yet.": "还没有发布任何数据。请先运行 yibiao run",
    "The current release is missing.": "当前版本的数据不见了（{where}）。请运行 yibiao run",
    "There is no release of this version.": "没有这一版数据：{got}。见 yibiao release list",
    "The release has no readable manifest.": "这一版数据的清单读不出来（{where}）。请运行 yibiao run --force",
    "The working folder has another format version.": (
        "工作文件夹 {where} 是别的版本的程序建的，没有改动它。请用对应的版本"
    ),
    "The working folder is not empty and was not made by this program.": (
        "文件夹 {where} 里有别的东西，不是本程序的工作文件夹。请另选一个"
    ),
    "The control database cannot be opened.": "控制数据库打不开。请检查磁盘空间、权限和 YIBIAO_CONTROL_URL",
    # what nobody foresaw
    "The program failed in an unexpected way.": (
        "程序出错了，不是您的操作问题。请再试一次；仍然不行的，把下面几行交给技术人员（里面没有数据）"
    ),
    "The disk is full, or refuses to be written to.": "磁盘满了或写不进去。请腾出空间后再运行，没有写坏任何东西",
    # the catalogue
    "There is no such data element.": "没有这个数据元：{got}。请用 yibiao elements search 查找",
    "The folder is not there.": "没有这个文件夹：{where}。请先建好",
}
"""English sentence -> Chinese one. `{where}`, `{expected}`, `{got}` are those of the error; any other name in braces
stands for a word of the English sentence, put into Chinese by `WORDS` where it is there."""

WORDS: Mapping[str, str] = {
    "submitted": "送审",
    "approved": "批准",
    "rejected": "退回",
    "renewed": "续期",
    "retired": "停用",
}

_PLACES = (
    (r"\bform ", "表单 "),
    (r"\bfield ", "栏目 "),
    (r"\bticket ", "工单 "),
    (r"\brelease ", "数据版本 "),
    (r"\bcommunity ", "社区 "),
    (r", sheet ", "，工作表 "),
    (r", ", "，"),
)

_NAME = re.compile(r"\\\{(\w+)\\\}")


def said(error: YibiaoError) -> str:
    """What went wrong and what to do, in Chinese; empty where nobody has put the error into Chinese."""
    own = getattr(error, "said", "")
    if own:
        return str(own)
    words: dict[str, str] = {}
    text = SAID.get(error.what)
    if text is None:
        for pattern, (read, told) in _PATTERNS.items():
            found = pattern.fullmatch(error.what)
            if found:
                text, words = told, {name: WORDS.get(found[name], found[name]) for name in read}
                break
        else:
            return ""
    where = error.where
    for english, chinese in _PLACES:
        where = re.sub(english, chinese, where)
    return text.format(where=where, expected=error.expected.removeprefix("one of "), got=error.got, **words)


_PATTERNS = {
    re.compile(_NAME.sub(r"(?P<\1>.+)", re.escape(what))): (_NAME.findall(re.escape(what)), text)
    for what, text in SAID.items()
    if "{" in what
}
