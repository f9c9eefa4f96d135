"""A profile -> everything a technician on site, or who signs the register map, wants to see of it. Pure."""

from __future__ import annotations

from shared.field.plan import plan_reads
from shared.field.profile import CommandSpec, Condition, Profile
from shared.field.profile_doc.points import computed_table, point_tables, reported_table
from shared.field.profile_doc.sheet import Both, Cell, Sheet, Table, both, number, seconds


def register_map(profile: Profile) -> Sheet:
    """The document of a profile, with the parameters that are filled in."""
    tables = [
        _device(profile),
        _parameters(profile),
        *point_tables(profile),
        reported_table(profile),
        computed_table(profile),
        _polls(profile),
        _conditions(profile),
        _commands(profile),
    ]
    title = Both(profile.title.zh, profile.title.en)
    return Sheet(title, f"{profile.id} {profile.version}", tuple(table for table in tables if table.rows))


def _device(profile: Profile) -> Table:
    modbus = profile.modbus
    rows: list[tuple[Cell, ...]] = [
        (Both("厂家 型号", "Vendor, model"), f"{profile.vendor} {profile.model}".strip() or "-"),
        (Both("专业", "Trade"), profile.trade),
    ]
    if profile.reports is not None:
        rows.append((Both("协议（主动上报）", "Protocol (it reports by itself)"), profile.reports.adapter))
        return Table(Both("设备", "Device"), (Both("项目", "Item"), Both("内容", "Content")), tuple(rows))
    rows += [
        (Both("地址起点", "Addresses count from"), str(modbus.address_base)),
        (Both("字节序 字序", "Byte order, word order"), f"{modbus.byte_order}, {modbus.word_order}"),
        (Both("一次读取上限", "Longest read"), f"{modbus.max_registers} registers, {modbus.max_bits} bits"),
        (Both("超时 重试", "Timeout, retries of reads"), f"{seconds(modbus.timeout)}, {modbus.read_retries}"),
    ]
    if modbus.forbidden:
        walls = tuple(f"{wall.table} {wall.first}-{wall.last}" for wall in modbus.forbidden)
        rows.append((Both("禁读", "Never read"), walls))
    rows += [(Both("身份", "Identity"), f"{each.point} == {each.equals}") for each in profile.identity]
    if profile.watchdog is not None:
        dog = profile.watchdog
        written: Cell = (
            f"{dog.write} + 1 / {seconds(dog.every)}",
            Both(dog.device_fallback.zh, dog.device_fallback.en),
        )
        rows.append((Both("主站心跳", "Master watchdog"), written))
    return Table(Both("设备", "Device"), (Both("项目", "Item"), Both("内容", "Content")), tuple(rows))


def _parameters(profile: Profile) -> Table:
    rows = tuple(
        (
            (both(parameter.title), name),
            "" if parameter.default is None else str(parameter.default),
            "" if parameter.example is None else str(parameter.example),
            parameter.unit,
        )
        for name, parameter in profile.parameters.items()
    )
    columns = (Both("参数", "Parameter"), Both("默认", "Default"), Both("示例", "Example"), Both("单位", "Unit"))
    return Table(Both("由站点文件给定", "Set by the site file"), columns, rows)


def _polls(profile: Profile) -> Table:
    rows = tuple(
        (
            name,
            seconds(group.every),
            seconds(group.stale_after),
            group.priority,
            tuple(
                f"{block.table} {block.address + profile.modbus.address_base} × {block.count}"
                for block in plan_reads(profile, name)
            ),
        )
        for name, group in profile.poll_groups.items()
    )
    columns = (
        Both("组", "Group"),
        Both("周期", "Every"),
        Both("过期", "Stale after"),
        Both("优先", "Priority"),
        Both("读取计划（起始 × 数量）", "Planned reads (first × count)"),
    )
    return Table(Both("轮询组", "Poll groups"), columns, rows)


def _conditions(profile: Profile) -> Table:
    columns = (
        Both("报警", "Condition"),
        Both("条件", "When"),
        Both("延时 开/关", "Delay on/off"),
        Both("回差", "Hysteresis"),
        Both("优先级", "Priority"),
        Both("处置", "Action"),
    )
    rows = tuple(_condition(name, condition) for name, condition in profile.conditions.items())
    return Table(Both("报警条件", "Conditions"), columns, rows)


def _condition(name: str, condition: Condition) -> tuple[Cell, ...]:
    when: Cell = condition.when.text
    if condition.suppress_when is not None:
        text = condition.suppress_when.text
        when = (condition.when.text, Both(f"屏蔽：{text}", f"hidden while: {text}"))
    return (
        (both(condition.title), name),
        when,
        f"{seconds(condition.on_delay)} / {seconds(condition.off_delay)}",
        number(condition.hysteresis) if condition.hysteresis else "",
        str(condition.priority),
        both(condition.action),
    )


def _commands(profile: Profile) -> Table:
    columns = (
        Both("命令", "Command"),
        Both("写入", "Writes"),
        Both("联锁", "Interlocks"),
        Both("验证", "Proof"),
        Both("风险 权限", "Risk, roles"),
    )
    rows = tuple(_command(name, command) for name, command in profile.commands.items())
    return Table(Both("命令", "Commands"), columns, rows)


def _command(name: str, command: CommandSpec) -> tuple[Cell, ...]:
    write, verify = command.write, command.verify
    value = "" if write.param is None else f"{number(write.param.min)} … {number(write.param.max)}"
    if write.style == "clock":
        value = "→ now"
    elif write.param is None:
        assert write.value is not None
        value = number(float(write.value))
    else:
        value += f" / {number(write.param.step)}"
    function = "" if write.function == "auto" else f" FC{write.function}"
    proof = verify.expect if verify.expect is not None else f"± {number(verify.tolerance or 0.0)}"
    held = f", {seconds(verify.hold)}" if verify.hold else ""
    risk: list[str | Both] = [command.risk, ", ".join(command.roles)]
    if command.rate is not None:
        risk.append(f"≤ {command.rate.count} / {seconds(command.rate.per)}")
    if command.reason_required:
        risk.append(Both("须写原因", "reason required"))
    if command.inverse is not None:
        risk.append(Both(f"反向：{command.inverse}", f"inverse: {command.inverse}"))
    interlocks: list[str | Both] = []
    for requirement in command.require:
        interlocks += [Both(requirement.message.zh, requirement.message.en), requirement.expr.text]
    return (
        (both(command.title), name),
        (f"{command.point} = {value}", f"{write.style}{function}"),
        tuple(interlocks),
        (f"{verify.point} {proof}", f"≤ {seconds(verify.within)}{held}"),
        tuple(risk),
    )
