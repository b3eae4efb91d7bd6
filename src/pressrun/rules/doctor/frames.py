"""Which expressions are a data frame of pandas, told from where a variable came from."""

from __future__ import annotations

import re

_SOURCES = re.compile(
    r"^(?:pandas|geopandas|modin\.pandas)\.(?:read_(?!sql_table_names)\w+|DataFrame(?:\.from_\w+)?|concat|merge|json_normalize"
    r"|crosstab|pivot_table|get_dummies|melt|merge_asof|merge_ordered|GeoDataFrame)\(\)|^seaborn\.load_dataset\(\)"
)
_KEEPS = re.compile(
    r"\.(?:drop|dropna|fillna|copy|head|tail|sample|sort_values|sort_index|reset_index|set_index|rename|merge|join|assign|query"
    r"|astype|drop_duplicates|replace|reindex|filter|ffill|bfill|interpolate|round|clip|infer_objects|convert_dtypes|applymap"
    r"|add_prefix|add_suffix|select_dtypes|nlargest|nsmallest|transpose|pivot|melt|explode|to_frame)\(\)"
    r"|\.(?:loc|iloc)\[\]|\.T|\[\]|\[\[\]\]"
)


def is_frame(origin: str) -> bool:
    """Whether a value of this origin is a data frame of pandas, as far as the steps to it are known to give one.

    >>> is_frame("pandas.read_csv().dropna()"), is_frame("pandas.read_csv()['a']")
    (True, False)
    """
    source = _SOURCES.match(origin)
    if source is None:
        return False
    rest = origin[source.end() :]
    while rest:
        step = _KEEPS.match(rest)
        if step is None:
            return False
        rest = rest[step.end() :]
    return True
