"""What in an output is no result: the normalisation rules, as data.

Each rule says what it masks and why. Three kinds, told apart by `needs`:

* *Always volatile* (no `needs`): memory addresses, temporary paths, random ids, timing lines. They are masked
  everywhere, in what is stored and in what is compared.
* *Volatile in a context*: a date, a time of day or a duration is masked only in a cell whose code reads the clock, or
  where the surrounding text shows who wrote it (the header of a statsmodels summary). Anywhere else a date is data, and
  a changed date is a difference.
* *Representation*: ``np.float64(1.0)`` against ``1.0``. Only excused when the two runs had different environments.

Every pattern is linear: no nested unbounded repeats, bounded counts where a match may start anywhere. Placeholders are
written ``«like this»``, so that they are no HTML, no JSON syntax, and no rule matches them again.
"""

from __future__ import annotations

import msgspec


class MaskRule(msgspec.Struct, frozen=True, kw_only=True):
    """One normalisation.

    Attributes:
        name: shown in the receipt.
        pattern: regular expression, case-sensitive.
        replacement: as for `re.sub`.
        why: why this is no result, one clause.
        hints: literals one of which occurs in every match; a cheap test before the pattern.
        needs: facts about the cell (`pressrun.rules.sources`) or the comparison, one of which must hold.
        unless: facts, none of which may hold.
        beside: literals one of which must stand somewhere in the same output.
    """

    name: str
    pattern: str
    replacement: str
    why: str
    hints: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


_TIME = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
_ISO = r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}"
_ZONE = r"(?:Z\b|[+-][0-9]{2}:?[0-9]{2}\b| UTC\b)?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}"
_LEVEL = r"(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL|SUCCESS)"
_UNIT = r"(?:ns|nanoseconds?|[µμu]s|microseconds?|ms|msecs?|milliseconds?|s|secs?|seconds?|mins?|minutes?|hrs?|hours?)"
_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{0,20})?(?:e[+-]?[0-9]{1,3})?"
_TIME_KEY = r"(?:[a-z]{2}\.\.\.me|(?:mean|std)_(?:fit|score)_time|(?:fit|score)_time|refit_time_?)"
_QUOTE = r"(?:['\"]|&#x27;|&#39;|&quot;)"
_STATSMODELS = (
    "Dep. Variable",
    "Log-Likelihood",
    "Log-likelihood",
    "Log Likelihood",
    "No. Observations",
    "No. of Observations",
    "Regression Results",
    "simpletable",
    "Nobs:",
)

PATHS: tuple[MaskRule, ...] = (
    MaskRule(
        name="kernel-file",
        pattern=r"(?:(?<![\w./\\-])(?:[A-Za-z]:)?(?:[\\/]{1,2}[\w.@+~-]{1,128}){0,32}?[\\/]{1,2})?"
        r"\bipykernel_[0-9]{1,10}[\\/]{1,2}[0-9]{1,12}(?=\.py)|<ipython-input-[0-9]{1,6}-[0-9a-f]{8,40}>",
        replacement="«cell»",
        why="ipykernel names a cell's file after the process that runs it",
        hints=("ipykernel_", "<ipython-input-"),
    ),
    MaskRule(
        name="temporary-path",
        pattern=r"(?<![\w.-])(?:/private)?/(?:tmp|var/tmp|dev/shm|var/folders/[\w+-]{1,16}/[\w+-]{1,64}/T)/"
        r"[^\s/\\'\"<>:,;()\[\]{}|«»]{1,255}|"
        r"\b[A-Za-z]:\\{1,2}Users\\{1,2}[^\\\s]{1,64}\\{1,2}AppData\\{1,2}Local\\{1,2}Temp\\{1,2}[^\s\\'\"<>:,;()\[\]]{1,255}",
        replacement="«temporary»",
        why="the first name under the temporary folder is random",
        hints=("/tmp/", "/dev/shm/", "/T/", "AppData"),  # noqa: S108 - a text to look for, not a file to open
    ),
    MaskRule(
        name="site-packages",
        pattern=r"(?<![\w./\\-])(?:[A-Za-z]:)?(?:[\\/]{1,2}[\w.@+~-]{1,128}){0,32}?[\\/]{1,2}(?:site|dist)-packages(?=[\\/])",
        replacement="«site-packages»",
        why="the environment lies elsewhere on another machine",
        hints=("-packages/", "-packages\\"),
    ),
    MaskRule(
        name="home-folder",
        pattern=r"(?<![\w./\\-])(?:/(?:home|Users)/[^\s/'\"<>:,;()\[\]{}|«»]{1,64}|/root)(?=/)|"
        r"\b[A-Za-z]:\\{1,2}Users\\{1,2}[^\s\\'\"<>:,;()\[\]]{1,64}(?=\\)",
        replacement="«home»",
        why="the home folder names a user",
        hints=("/home/", "/Users/", "/root/", "\\Users\\"),
    ),
)

IDENTIFIERS: tuple[MaskRule, ...] = (
    MaskRule(
        name="memory-address",
        pattern=r"0x(?:(?:(?<=\bat 0x)|(?<=@0x)|(?<=@ 0x)|(?<=ptr=0x)|(?<=address 0x)|(?<=address=0x)|(?<=address: 0x))"
        r"[0-9a-fA-F]{6,16}|(?<!\w0x)(?:7[ef]|5[56])[0-9a-f]{10})\b",
        replacement="«address»",
        why="an object lies elsewhere in memory at every run",
        hints=("0x",),
    ),
    MaskRule(
        name="random-id",
        pattern=r"(?<![0-9a-f])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|"
        r"(?=[0-9]{0,31}[a-f])(?=[a-f]{0,31}[0-9])[0-9a-f]{32})(?![0-9a-f])",
        replacement="«id»",
        why="a library drew a random identifier",
        unless=("hashing",),
    ),
    MaskRule(
        name="styler-id",
        pattern=r"(?<=[#\"\s])T_[0-9a-f]{5,32}(?=[_\"\s{>.])",
        replacement="T_«id»",
        why="a pandas Styler draws a random identifier",
        hints=("T_",),
        beside=("<table",),
    ),
    MaskRule(
        name="sklearn-html-id",
        pattern=r"\bsk-(?:container|estimator)-id-[0-9]{1,9}\b",
        replacement="sk-«id»",
        why="scikit-learn counts the estimators shown in this kernel",
        hints=("sk-container-id-", "sk-estimator-id-"),
    ),
    MaskRule(
        name="local-port",
        pattern=r"\b(127\.0\.0\.1|localhost|0\.0\.0\.0):[0-9]{2,5}\b",
        replacement=r"\1:«port»",
        why="a free local port is chosen at every run",
        hints=("127.0.0.1:", "localhost:", "0.0.0.0:"),
    ),
    MaskRule(
        name="process-id",
        pattern=r"(?i:\b(pid|process(?: id)?)\b)([ =:#]{1,3})[0-9]{1,8}\b",
        replacement=r"\1\2«pid»",
        why="the system numbers processes",
        needs=("process",),
    ),
)

TIMINGS: tuple[MaskRule, ...] = (
    MaskRule(
        name="timing-line",
        pattern=r"(?m)^[ \t]{0,8}(?:CPU times: [^\n]{0,200}|Wall time: [^\n]{0,80}|"
        r"Compiler ?(?:time)?: [0-9.]{1,12} ?m?s|"
        r"[0-9][^\n±+]{0,30} (?:±|\+-) [^\n]{0,40}per loop[^\n]{0,120}|"
        r"[0-9,]{1,12} loops?, best of [0-9]{1,4}: [^\n]{0,80}per loop|"
        r"The slowest run took [^\n]{0,200}|This could mean that an intermediate result is being cached\.?)(?:\n|\Z)",
        replacement="",
        why="%time and %timeit measure the run, not the result",
        hints=("CPU times:", "Wall time:", "per loop", "Compiler", "The slowest run", "intermediate result"),
    ),
    MaskRule(
        name="timeit-result",
        pattern=r"<TimeitResult : [^>\n]{1,200}>",
        replacement="<TimeitResult : «duration»>",
        why="%timeit measures the run, not the result",
        hints=("<TimeitResult",),
    ),
    MaskRule(
        name="progress-rate",
        pattern=r"( \[)[0-9:]{4,12}(?:<[0-9:?]{1,12})?, {1,3}"
        r"(?:[0-9.?kMG]{1,12} ?[A-Za-z]{1,20}/s|[0-9.?]{1,12} ?s/[A-Za-z]{1,20})|"
        r"\b[0-9]{1,6}(?:h|m|s|ms|us)? [0-9.]{1,8}(?:ns|[uµ]s|ms|s|min)/(?:step|sample|epoch)\b",
        replacement=r"\1«progress»",
        why="a progress bar shows how fast this run was",
        hints=("/s", "s/", "/step", "/sample", "/epoch"),
    ),
    MaskRule(
        name="verbose-duration",
        pattern=r"\b(total(?: time)?= {0,6}|(?:total|remaining|elapsed): {1,8})[0-9.]{1,12} ?(?:us|ms|s|min)\b",
        replacement=r"\1«duration»",
        why="verbose fitting prints how long it took",
        hints=("total", "remaining:", "elapsed:"),
    ),
    MaskRule(
        name="fit-time",
        pattern=rf"({_QUOTE}{_TIME_KEY}{_QUOTE}: {{1,4}})(?:(?:masked_)?array\(\[[^\]\['\"&]{{0,4000}}\]\)|"
        rf"\[[^\]\['\"&]{{0,4000}}\]|(?:np\.float64\()?{_NUMBER}\)?)|(?m:^({_TIME_KEY} {{1,60}}){_NUMBER}$)",
        replacement=r"\1\2«duration»",
        why="a search records how long fitting and scoring took",
        hints=("fit_time", "score_time", "...me"),
    ),
)

DATES: tuple[MaskRule, ...] = (
    MaskRule(
        name="summary-date",
        pattern=r"((?:\bDate:|\bTime:|time fit was run)"
        r"(?: {0,4}= {0,4}|</t[hd]>\s{0,20}<td[^>]{0,60}>\s{0,9}|\} {0,4}& {0,4}|\s{1,60}))"
        rf"(?:{_DAY},? [0-9]{{1,2}},? {_MONTH},? [0-9]{{4}}|{_DAY},? {_MONTH},? [0-9]{{1,2}},? [0-9]{{4}}|"
        rf"{_ISO} [0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}})?{_ZONE}|{_TIME})",
        replacement=r"\1«datetime»",
        why="a model summary says when it was made",
        hints=("Date:", "Time:", "time fit was run"),
        beside=(*_STATSMODELS, "time fit was run"),
    ),
    MaskRule(
        name="created-at",
        pattern=rf"(\bcreated_at ?:?(?: ?</span></dt><dd>|\s{{0,40}})){_ISO}T{_TIME}{_ZONE}",
        replacement=r"\1«datetime»",
        why="a result object says when it was made",
        hints=("created_at",),
    ),
    MaskRule(
        name="log-time",
        pattern=rf"(?m)^\[?(?:[A-Z] )?{_ISO}[ T]{_TIME}{_ZONE}\]?(?=[^\n]{{0,80}}\b(?:{_LEVEL}|Trial|study)\b)|"
        rf"^\[?{_TIME}\]?(?=[ :|-]{{1,4}}[\w. |-]{{0,40}}\b{_LEVEL}\b)",
        replacement="«datetime»",
        why="a log line says when it was written",
        needs=("logging",),
    ),
    MaskRule(
        name="wall-clock",
        pattern=rf"\b{_ISO}(?:[ T_]{_TIME}|[ T][0-9]{{2}}:[0-9]{{2}})?{_ZONE}|"
        r"\bdatetime\.(?:datetime|date|time)\([0-9, ]{1,60}[^()\n]{0,80}\)|"
        rf"\b(?:{_DAY},? )?(?:{_MONTH} [0-9]{{1,2}},?|[0-9]{{1,2}}[ -]{_MONTH})(?: {_TIME})?"
        rf"[ -][0-9]{{4}}(?: (?:at )?{_TIME}{_ZONE})?|"
        r"\b[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4}\b|\b20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[_T-]?[0-9]{4,6})?\b|"
        rf"\b{_TIME}(?: ?[AaPp][Mm]\b)?",
        replacement="«datetime»",
        why="the cell's code asks for the present date or time",
        needs=("clock",),
    ),
    MaskRule(
        name="duration",
        pattern=rf"(?<![\w.]){_NUMBER} ?{_UNIT}\b|\b[0-9]{{1,4}}:[0-9]{{2}}:[0-9]{{2}}\.[0-9]{{1,9}}\b|"
        r"\btimedelta\([a-z0-9=, -]{1,80}\)|\b[0-9]{1,6} days? [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?|"
        r"\b1[4-9][0-9]{8}(?:\.[0-9]{1,9}|[0-9]{9})?\b",
        replacement="«duration»",
        why="the cell's code measures how long something takes",
        needs=("clock", "timer"),
    ),
    MaskRule(
        name="elapsed",
        pattern=r"(\b(?i:elapsed|took|duration|runtime|time|seconds|secs)(?: time)?(?: ?\([a-zµ]{1,12}\))?[ :=]{1,4})"
        r"[0-9]{1,15}\.[0-9]{1,20}(?:e[+-]?[0-9]{1,3})?",
        replacement=r"\1«duration»",
        why="the cell's code measures how long something takes",
        needs=("clock", "timer"),
    ),
    MaskRule(
        name="timer-value",
        pattern=rf"(?<![\w.]){_NUMBER}(?![\w.])",
        replacement="«duration»",
        why="all that the cell shows is a time that it measured",
        needs=("timer-output",),
    ),
)

WARNINGS: tuple[MaskRule, ...] = (
    MaskRule(
        name="warning-version",
        pattern=r"\b(?:[vV]ersion |v|in |since |from |==|>=|<=|<|>)"
        r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}(?:[a-z]{1,4}[0-9]{1,4})?",
        replacement="«version»",
        why="a warning names library versions",
        needs=("stderr",),
    ),
    MaskRule(
        name="warning-line",
        pattern=r"(?m)(\.py|«cell»(?:\.py)?):[0-9]{1,6}(?=:)",
        replacement=r"\1:«line»",
        why="a warning names the line of a library's file",
        needs=("stderr",),
    ),
    MaskRule(
        name="stderr-time",
        pattern=rf"{_ISO}[ T]{_TIME}{_ZONE}|\b{_TIME}|(?<![\w.]){_NUMBER} ?{_UNIT}\b",
        replacement="«datetime»",
        why="messages on stderr say when they were written",
        needs=("stderr",),
    ),
)

ALWAYS: tuple[MaskRule, ...] = (
    MaskRule(
        name="terminal-colour",
        pattern=r"\x1b\[[0-9;?]{0,32}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)",
        replacement="",
        why="escape sequences colour the text",
        hints=("\x1b",),
    ),
    *TIMINGS,
    *PATHS,
    *IDENTIFIERS,
    *DATES,
    *WARNINGS,
)
"""Everything that holds inside one environment, in the order of application."""

SVG: tuple[MaskRule, ...] = (
    MaskRule(
        name="svg-id",
        pattern=r"(?<=[\"#])(?:[mp][0-9a-f]{10}|(?:clip|glyph|image)[0-9a-f]{8,32})(?=[\")])",
        replacement="«id»",
        why="matplotlib draws random identifiers for clip paths and markers",
    ),
    MaskRule(
        name="svg-date",
        pattern=r"(<dc:date>)[^<]{1,60}",
        replacement=r"\1«datetime»",
        why="matplotlib writes when the drawing was made",
        hints=("<dc:date>",),
    ),
)
"""Only in drawings."""

DRIFT: tuple[MaskRule, ...] = (
    MaskRule(
        name="numpy-scalar",
        pattern=r"\bnp\.(?:float|int|uint|complex|longdouble)[0-9_]{0,3}\(([^()'\n]{1,60})\)",
        replacement=r"\1",
        why="numpy 2 writes its scalars with their type",
        hints=("np.",),
    ),
    MaskRule(
        name="numpy-string",
        pattern=r"\bnp\.str_\(('[^'\n]{0,200}'|\"[^\"\n]{0,200}\")\)|\bnp\.(True|False)_",
        replacement=r"\1\2",
        why="numpy 2 writes its scalars with their type",
        hints=("np.",),
    ),
    MaskRule(
        name="string-dtype",
        pattern=r"\bdtype: (?:object|str|string)\b|\bdtype='?(?:object|str|string)'?(?=[,)])",
        replacement="dtype: «text»",
        why="pandas 3 has a type for text",
        hints=("dtype",),
    ),
    MaskRule(
        name="dtype-column",
        pattern=r"(?m)(?<= )(?:object|str|string)[ \t]{0,40}$|\b(?:object|str|string)(?=\([0-9]{1,6}\))",
        replacement="«text»",
        why="pandas 3 has a type for text",
        beside=("Dtype", "dtypes:", "dtype: "),
    ),
    MaskRule(
        name="axes-repr",
        pattern=r"<(?:matplotlib\.axes\._subplots\.)?(?:AxesSubplot|Axes|PolarAxes\w{0,20}|Axes3D\w{0,20})"
        r"(?:[: ][^<>\n]{0,300})?>",
        replacement="«axes»",
        why="matplotlib writes its axes differently",
        hints=("Axes",),
    ),
    MaskRule(
        name="artist-repr",
        pattern=r"<(?:matplotlib|mpl_toolkits)\.[\w.]{1,100}(?:[: ][^<>\n]{0,300})?>|"
        r"<(?:Figure size|BarContainer)[^<>\n]{0,100}>",
        replacement="«artist»",
        why="matplotlib writes its objects differently",
        hints=("<matplotlib.", "<mpl_toolkits.", "<Figure size", "<BarContainer"),
    ),
)
"""Only between different environments; inside one lock each of these is a difference."""
