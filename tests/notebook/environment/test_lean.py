"""Which distributions a notebook needs."""

from __future__ import annotations

from pressrun.notebook.environment.lean import closure, lean_names, required_names, whole_names
from pressrun.records.capture import Distribution, Environment

MARKERS = {"python_version": "3.8", "sys_platform": "linux", "os_name": "posix", "python_full_version": "3.8.1"}


def dist(name, *requires):
    return Distribution(name=name, version="1", origin="index", requires=requires)


def environment(*distributions, imported=()):
    return Environment(
        python="3.8.1", implementation="cpython", platform="", machine="", executable="", prefix="", markers=MARKERS,
        distributions=distributions, imported=tuple(imported),
    )  # fmt: skip


def test_requirements_are_evaluated_with_the_kernels_markers():
    requirements = ["a; python_version < '3.9'", "b; python_version >= '3.9'", "c; sys_platform == 'win32'"]
    assert set(required_names(requirements, (), MARKERS)) == {"a"}


def test_an_extra_counts_only_where_it_is_asked_for():
    lib = dist("lib", "speed; extra == 'fast'", "slow; extra == 'other'")
    installed = [dist("app", "lib[fast]"), lib, dist("speed"),
                 dist("slow")]  # fmt: skip
    assert closure(["app"], installed, MARKERS)[0] == ("app", "lib", "speed")
    assert closure(["lib"], installed, MARKERS)[0] == ("lib",)


def test_an_extra_asked_for_later_is_not_missed():
    installed = [dist("lib", "speed; extra == 'fast'", "z"), dist("z", "lib[fast]"), dist("speed")]
    assert closure(["lib"], installed, MARKERS)[0] == ("lib", "speed", "z")


def test_circles_end():
    assert closure(["a"], [dist("a", "b"), dist("b", "a")], MARKERS)[0] == ("a", "b")


def test_every_spelling_of_a_name_is_the_same():
    assert closure(["Foo_Bar"], [dist("foo-bar", "BAZ.qux"), dist("baz-qux")], MARKERS)[0] == ("baz-qux", "foo-bar")


def test_what_is_required_and_not_installed_is_told():
    assert closure(["a"], [dist("a", "gone")], MARKERS) == (("a",), ("gone",))


def test_a_requirement_that_cannot_be_parsed_still_names_a_distribution():
    assert required_names(["weird ~~ 1"], (), MARKERS) == {"weird": frozenset()}


def test_the_kernel_belongs_to_the_lean_part():
    found = environment(dist("ipykernel", "tornado"), dist("tornado"), dist("pandas"), dist("x"), imported=["pandas"])
    assert lean_names(found) == ("ipykernel", "pandas", "tornado")


def test_installers_stay_out_unless_the_notebook_imports_or_needs_them():
    installed = (dist("pip"), dist("setuptools"), dist("wheel"), dist("a", "setuptools"), dist("b"))
    assert whole_names(environment(*installed)) == ("a", "b", "setuptools")
    assert whole_names(environment(*installed[:3], dist("b"))) == ("b",)
    assert lean_names(environment(*installed, imported=["pip"])) == ("pip",)
