"""Says in Chinese how a command was called wrongly: an option that there is not, a file that is missing (用法错误).

The texts are looked up by those of click, which are the keys of its translations, and by those of our own commands.
Click's own catalogues (gettext) would translate the help as well, follow the locale of the machine and leave no
English beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

SAID: Mapping[str, str] = {
    # of click, as its version in the lock has them
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值不对：{message}",
    "Invalid value: {message}": "值不对：{message}",
    "Missing argument {param_hint}.": "缺少参数 {param_hint}",
    "Missing option {param_hint}.": "缺少选项 {param_hint}",
    "Missing argument {param_hint}. Choose from:\n\t{choices}": "缺少参数 {param_hint}，可选：{choices}",
    "Missing option {param_hint}. Choose from:\n\t{choices}": "缺少选项 {param_hint}，可选：{choices}",
    "Missing command.": "缺少子命令",
    "No such option {name!r}.": "没有选项 {name}",
    "No such command {name!r}.": "没有命令 {name}",
    "Option {name!r} does not take a value.": "选项 {name} 后面不带值",
    "Option {name!r} requires an argument.": "选项 {name} 后面要有值",
    "Option {name!r} requires {nargs} arguments.": "选项 {name} 后面要有 {nargs} 个值",
    "Argument {name!r} takes {nargs} values.": "参数 {name} 要有 {nargs} 个值",
    "Got unexpected extra argument ({args})": "多出了参数：{args}。含空格的名称请加引号",
    "Got unexpected extra arguments ({args})": "多出了参数：{args}。含空格的名称请加引号",
    "Takes {nargs} values but 1 was given.": "要有 {nargs} 个值，只给了 1 个",
    "Takes {nargs} values but {len} were given.": "要有 {nargs} 个值，给了 {len} 个",
    "{len_type} values are required, but {len_value} was given.": "要有 {len_type} 个值，给了 {len_value} 个",
    "{len_type} values are required, but {len_value} were given.": "要有 {len_type} 个值，给了 {len_value} 个",
    "{value!r} is not one of {choices}.": "没有 {value}，可选：{choices}",
    "{value!r} does not match the format {format}.": "{value} 写法不对，应为 {format}",
    "{value!r} does not match the formats {formats}.": "{value} 写法不对，应为 {formats} 之一",
    "{value!r} is not a valid boolean. Recognized values: {states}": "{value} 不是“是/否”，可写：{states}",
    "{value!r} is not a valid UUID.": "{value} 不是 UUID",
    "{value!r} is not a valid {number_type}.": "{value} 不是{number_type}",
    "{value} is not in the range {range}.": "{value} 超出范围 {range}",
    "{value!r} is not {choice}.": "{value} 不行，只能是 {choice}",
    "{name} {filename!r} does not exist.": "没有{name} {filename}",
    "{name} {filename!r} is a file.": "{filename} 是文件，这里要文件夹",
    "{name} {filename!r} is a directory.": "{filename} 是文件夹，这里要文件",
    "{name} {filename!r} is not readable.": "{name} {filename} 读不了，请检查权限",
    "{name} {filename!r} is not writable.": "{name} {filename} 写不了，请检查权限",
    "{name} {filename!r} is not executable.": "{name} {filename} 不能执行，请检查权限",
    "Could not open file {filename!r}: {message}": "打不开文件 {filename}：{message}",
    "{filename!r}: {strerror}": "打不开 {filename}：{strerror}",
    # of our own commands
    "There is no file {file}.": "没有文件 {file}",
    "{value!r} is no FIELD=VALUE.": "{value} 写法不对，应为 栏目=值",
    "{value!r} is none of {values}.": "没有 {value}，可选：{values}",
    "Give the id of one form, or --all.": "请给一张表的编号，或 --all",
    "Give the ids of forms, or --all.": "请给表的编号，或 --all",
    "Give a change: --merge, --drop or --mode.": "请给出一项变化：--merge、--drop 或 --mode",
    "--where needs --entity: what a row is about.": "用 --where 要同时给 --entity（一行是什么）",
    "--as-of and --release exclude each other: a release is of its own moment.": (
        "--as-of 和 --release 只能用一个：每一版数据都有自己的时点"
    ),
    "Give a load, or --report.": "请给装载编号，或用 --report 指明报表",
    "{report} has {loads} loads with open rows: give a folder with --out.": (
        "报表 {report} 有 {loads} 次装载还有未处理的行：--out 请给文件夹"
    ),
    "A file holds one entity: name {entities}.": "一个文件只放一种对象，请指明：{entities}",
    "Say --dcat FILE, --xlsx FILE or --odcs FILE.": "请写明输出到哪里：--dcat 文件、--xlsx 文件或 --odcs 文件",
}
"""English text -> Chinese one. What stands in braces is taken over, put into Chinese by `WORDS` or as a text of its
own where it is one; the first that fits counts."""

WORDS: Mapping[str, str] = {
    "integer": "整数",
    "integer range": "整数",
    "float": "数字",
    "float range": "数字",
    "File": "文件",
    "Directory": "文件夹",
    "Path": "文件或文件夹",
    "'%Y-%m-%d'": "年-月-日，如 2026-03-31",
    "No such file or directory": "没有这个文件",
    "Permission denied": "没有权限",
    "Is a directory": "这是文件夹",
}

_PART = re.compile(r"\{(\w+)(!r)?\}")


def said_usage(error: click.ClickException) -> str:
    """What is wrong with a call and where its usage is told, in Chinese; empty where nobody has put it so."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return ""  # its text is the help
    guesses = getattr(error, "possibilities", None)
    text = _chinese(error.message if guesses else error.format_message())
    if not text:
        return ""
    if guesses:
        text += f"。是不是要 {'、'.join(sorted(guesses))}？"
    elif not text.endswith(("。", "？")):
        text += "。"
    context = getattr(error, "ctx", None)
    names = context.command.get_help_option_names(context) if context else ()
    return text + (f"用法见 {context.command_path} {max(names, key=len)}" if context and names else "")


def _chinese(text: str) -> str:
    for pattern, (names, told) in _PATTERNS.items():
        if found := pattern.fullmatch(text):
            return told.format(**{name: _word(found[name]) for name in names})
    return ""


def _word(text: str) -> str:
    return WORDS.get(text) or _chinese(text) or text.replace(",\n\t", "、")


def _pattern(text: str) -> re.Pattern[str]:
    """Matches what a text becomes: a part with !r is in quotes, which it keeps; another one is of any kind."""
    parts: list[str] = []
    end = 0
    for found in _PART.finditer(text):
        value = r"'.*'|\".*\"" if found[2] else ".+?"
        parts += [re.escape(text[end : found.start()]), f"(?P<{found[1]}>{value})"]
        end = found.end()
    return re.compile("".join(parts) + re.escape(text[end:]), re.DOTALL)


_PATTERNS = {_pattern(text): ([name for name, _ in _PART.findall(text)], told) for text, told in SAID.items()}
