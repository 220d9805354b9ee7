"""House style: how a stat, a plot over time, a bar gauge and a table look here, and the frame around them.

A panel's texts and SQL are found by its key (texts.yaml, queries/<key>.sql); units and colours by name
(units.yaml, thresholds.yaml).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

from dashboards.query import Built, Format, PostgresQuery
from dashboards.texts import Locale, query, text, thresholds
from dashboards.units import units

#: Plugin ids of Grafana's PostgreSQL datasource: the first from 10.2.3, the second before.
PLUGINS = ("grafana-postgresql-datasource", "postgres")
TAGS = ("district", "generated")
HOUR = "1h"  # width of the buckets that panels over time read

Panel = Builder[models.Panel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a build is for."""

    locale: Locale
    plugin: str = PLUGINS[0]

    @property
    def datasource(self) -> shapes.DataSourceRef:
        """The datasource that the reader picks."""
        return shapes.DataSourceRef(type_val=self.plugin, uid="${datasource}")

    def sql(self, name: str, output: Format) -> Built:
        """The query `name` as a panel's target."""
        return Built(query=PostgresQuery(sql=query(name, self.locale), format=output, datasource=self.datasource))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Stable id of a panel and its place in the grid of 24 columns."""

    id: int
    x: int
    y: int
    w: int
    h: int


def _colours(name: str) -> dashboard.ThresholdsConfig:
    entry = thresholds()[name]
    steps = [
        models.Threshold(value=None, color=entry.base),
        *(models.Threshold(value=v, color=c) for v, c in entry.steps),
    ]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made(Builder[models.Panel]):
    """A finished panel, where the SDK wants something that builds one."""

    panel: models.Panel

    def build(self) -> models.Panel:
        return self.panel


def _finish(
    to: Target, key: str, place: Place, panel: models.Panel, *, unit: str, colours: str, digits: int | None
) -> Panel:
    """What all panels share: texts, place, unit, colours, and what stands where there is no value."""
    panel.id_val = place.id
    panel.title = text(key, "title", to.locale)
    panel.description = text(key, "description", to.locale)
    panel.grid_pos = models.GridPos(x=place.x, y=place.y, w=place.w, h=place.h)
    panel.datasource = to.datasource
    config = panel.field_config or models.FieldConfigSource()
    defaults = config.defaults
    defaults.unit = units()[unit].grafana
    defaults.decimals = units()[unit].digits if digits is None else digits
    defaults.no_value = text("dashboard", "no_value", to.locale)
    defaults.thresholds = _colours(colours).build()
    defaults.color = models.FieldColor(mode=models.FieldColorModeId(_colour_mode(panel.type_val, colours)))
    panel.field_config = config
    return _Made(panel=panel)


def _colour_mode(kind: str, colours: str) -> str:
    by_series = kind == "timeseries" or colours == "plain"
    return "palette-classic" if by_series and kind != "stat" else "thresholds"


def number(to: Target, key: str, place: Place, *, unit: str, colours: str = "plain", rows: bool = False) -> Panel:
    """A figure in large type; with `rows` one per row of the query, else the only one."""
    built = (
        stat.Panel()
        .with_target(to.sql(key, "table"))
        .reduce_options(common.ReduceDataOptions().values(rows).calcs(["lastNotNull"]))
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .color_mode(shapes.BigValueColorMode.VALUE if colours == "plain" else shapes.BigValueColorMode.BACKGROUND)
        .text_mode(shapes.BigValueTextMode.AUTO)
        .build()
    )
    return _finish(to, key, place, built, unit=unit, colours=colours, digits=None)


def over_time(
    to: Target,
    key: str,
    place: Place,
    *,
    unit: str,
    colours: str = "plain",
    stacked: bool = False,
    top: float | None = None,
) -> Panel:
    """Values by the hour: lines, or stacked bars for amounts of classes. A missing hour is a break, never a zero."""
    panel = (
        timeseries.Panel()
        .with_target(to.sql(key, "time_series"))
        .interval(HOUR)
        .legend(
            common.VizLegendOptions()
            .display_mode(shapes.LegendDisplayMode.LIST)
            .placement(shapes.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
        .tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING))
        .draw_style(shapes.GraphDrawStyle.BARS if stacked else shapes.GraphDrawStyle.LINE)
        .line_width(1)
        .fill_opacity(70 if stacked else 10)
        .show_points(shapes.VisibilityMode.AUTO)
        .span_nulls(span_nulls=False)
        .insert_nulls(2 * 3_600_000.0)
        .axis_soft_min(0)
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))
    if colours != "plain":
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED))
    if top is not None:
        panel = panel.max(top)
    return _finish(to, key, place, panel.build(), unit=unit, colours=colours, digits=None)


def ranking(to: Target, key: str, place: Place, *, unit: str, colours: str = "plain") -> Panel:
    """A bar per row of the query, as ordered there."""
    built = (
        bargauge.Panel()
        .with_target(to.sql(key, "table"))
        .reduce_options(common.ReduceDataOptions().values(values=True).calcs(["lastNotNull"]))
        .orientation(shapes.VizOrientation.HORIZONTAL)
        .display_mode(shapes.BarGaugeDisplayMode.BASIC)
        .build()
    )
    return _finish(to, key, place, built, unit=unit, colours=colours, digits=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How a column of a table looks."""

    unit: str | None = None
    #: width [px]; a grid cuts columns that have none
    width: int | None = None


def listing(to: Target, key: str, place: Place, columns: Mapping[str, Column]) -> Panel:
    """A table; every column of the query is named, and wide texts wrap."""
    panel = table.Panel().with_target(to.sql(key, "table")).cell_height(shapes.TableCellHeight.SM)
    for name, column in columns.items():
        properties = [models.DynamicConfigValue(id_val="displayName", value=text("columns", name, to.locale))]
        if column.unit is not None:
            unit = units()[column.unit]
            properties.append(models.DynamicConfigValue(id_val="unit", value=unit.grafana))
            properties.append(models.DynamicConfigValue(id_val="decimals", value=unit.digits))
        if column.width is not None:
            properties.append(models.DynamicConfigValue(id_val="custom.width", value=column.width))
        panel = panel.override_by_name(name, properties)
    return _finish(to, key, place, panel.build(), unit="1", colours="plain", digits=0)


def frame(
    to: Target,
    topic: str,
    panels: Sequence[Panel],
    *,
    start: str,
    variables: Sequence[Builder[models.VariableModel]] = (),
) -> dashboard.Dashboard:
    """The dashboard `topic` around its panels: fixed uid, variables, marks of catalogue changes, links."""
    built = (
        dashboard.Dashboard(text("dashboard", topic, to.locale))
        .uid(uid(topic, to.locale))
        .description(text("dashboard", f"{topic}_about", to.locale))
        .tags([*TAGS, to.locale])
        .readonly()
        .timezone("browser")
        .time(start, "now")
        .refresh("1m")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(
            dashboard.DatasourceVariable("datasource").label(text("dashboard", "datasource", to.locale)).type(to.plugin)
        )
        .with_variable(chosen(to, "district", multi=False))
        .link(
            dashboard.DashboardLink(text("dashboard", "links", to.locale))
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([*TAGS, to.locale])
            .include_vars(include_vars=True)
            .keep_time(keep_time=True)
            .as_dropdown(as_dropdown=True)
            .placement("")
        )
        .annotation(
            dashboard.AnnotationQuery()
            .name(text("dashboard", "catalogue", to.locale))
            .datasource(to.datasource)
            .enable(enable=True)
            .icon_color("purple")
            .placement("")
            .target(to.sql("annotation_catalogue", "table"))
        )
    )
    for variable in variables:
        built = built.with_variable(variable)
    for panel in panels:
        built = built.with_panel(panel)
    return built


def chosen(to: Target, name: str, *, multi: bool) -> Builder[models.VariableModel]:
    """A variable that the reader picks from a query; read again when the time range changes."""
    variable = (
        dashboard.QueryVariable(name)
        .label(text("dashboard", name, to.locale))
        .datasource(to.datasource)
        .query(query(f"variables_{name}", to.locale))
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi)
        .include_all(multi)
    )
    if multi:
        variable = variable.current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    return variable


def uid(topic: str, locale: Locale) -> str:
    """Fixed for ever: bookmarks and provisioning hang on it. Chinese has no suffix, other locales have theirs."""
    return f"district-{topic}" if locale is Locale.ZH else f"district-{topic}-{locale}"
