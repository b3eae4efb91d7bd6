"""Traces written by hand: every form of a line, and what makes a trace say that it may lack something."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pressrun.notebook.replay.outside.files import mark
from pressrun.notebook.replay.outside.lines import unescaped
from pressrun.notebook.replay.outside.noise import Noise
from pressrun.notebook.replay.outside.trace import Trace, read_trace

Written = Callable[..., Trace]


def files(trace: Trace) -> dict[str, str]:
    return {access.path: access.mode for access in trace.files}


def test_a_trace_from_the_kernels_start_to_its_end_has_no_problems(written: Written) -> None:
    trace = written('10 openat(AT_FDCWD</w>, "a.csv", O_RDONLY|O_CLOEXEC) = 3</w/a.csv>')
    assert trace.problems == ()
    assert [(f.path, f.mode, f.first, f.cells) for f in trace.files] == [("/w/a.csv", "read", "read", (0,))]


@pytest.mark.parametrize(
    ("line", "path", "mode"),
    [
        ('openat(AT_FDCWD</w>, "/d/a", O_RDONLY) = 3</d/a>', "/d/a", "read"),
        ('openat(AT_FDCWD</w>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</w/a>', "/w/a", "write"),
        ('openat(AT_FDCWD</w>, "a", O_RDWR|O_CREAT|O_TRUNC, 0666) = 3</w/a>', "/w/a", "write"),
        ('openat(AT_FDCWD</w>, "a", O_RDWR|O_CREAT|O_EXCL, 0600) = 3</w/a>', "/w/a", "write"),
        ('openat(AT_FDCWD</w>, "a", O_WRONLY|O_APPEND) = 3</w/a>', "/w/a", "write"),
        ('openat(5</d>, "a", O_RDONLY) = 3</d/a>', "/d/a", "read"),
        ('openat(5</d\\74e\\76>, "a", O_RDONLY) = 3</d\\74e\\76/a>', "/d<e>/a", "read"),
        ('open("/d/a", O_RDONLY) = 3</d/a>', "/d/a", "read"),
        ('openat(AT_FDCWD</w>, "O_WRONLY|O_PATH", O_RDONLY) = 3</w/O_WRONLY|O_PATH>', "/w/O_WRONLY|O_PATH", "read"),
        ('openat(AT_FDCWD</w>, "|O_DIRECTORY) = >", 0) = 3</w/|O_DIRECTORY) = \\76>', "/w/|O_DIRECTORY) = >", "read"),
        ('openat(AT_FDCWD</w>, "\\"|O_DIRECTORY) = 3", O_RDONLY) = 3</w/\\"|O_DIRECTORY) = 3>',
         '/w/"|O_DIRECTORY) = 3', "read"),
        ('creat("/d/a", 0644) = 3</d/a>', "/d/a", "write"),
        ('openat2(AT_FDCWD</w>, "a", {flags=O_RDONLY, resolve=RESOLVE_BENEATH}, 24) = 3</w/a>', "/w/a", "read"),
        ('open_by_handle_at(3</d>, {handle_bytes=8, handle_type=1}, O_RDONLY) = 4</d/a>', "/d/a", "read"),
        ('openat(AT_FDCWD</w>, "na\\303\\257ve \\"x\\" \\\\.csv", O_RDONLY) = 3</w/n>', '/w/naïve "x" \\.csv', "read"),
        ('openat(AT_FDCWD</w>, "x) = 3", O_RDONLY) = 3</w/x) = 3>', "/w/x) = 3", "read"),
        ('openat(AT_FDCWD</w>, "./s/../a", O_RDONLY) = 3</w/a>', "/w/a", "read"),
        ('openat(AT_FDCWD</w>, "/proc/self/fd/7", O_RDONLY) = 3</d/a>', "/d/a", "read"),
        ('openat(AT_FDCWD</w>, "/usr/local/data/a", O_RDONLY) = 3</mnt/big/a>', "/mnt/big/a", "read"),
        ('openat(AT_FDCWD</w>, "/dev/fd/7", O_RDONLY) = 3</d/a>', "/d/a", "read"),
        ('openat(AT_FDCWD</w>, "/proc/self/cwd/a", O_RDONLY) = 3</w/a>', "/w/a", "read"),
        ('openat(AT_FDCWD</w>, "a", O_RDONLY) = 3</w/a>(deleted)', "/w/a", "read"),
    ],
)  # fmt: skip
def test_every_way_to_open_gives_the_path_and_the_mode(written: Written, line: str, path: str, mode: str) -> None:
    trace = written(f"10 {line}")
    assert trace.problems == ()
    assert files(trace) == {path: mode}


@pytest.mark.parametrize(
    "line",
    [
        'openat(AT_FDCWD</w>, "d", O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 3</w/d>',
        'openat(AT_FDCWD</w>, "a", O_RDONLY|O_PATH) = 3</w/a>',
        'openat(AT_FDCWD</w>, "/tmp", O_RDWR|O_TMPFILE, 0600) = 3</tmp/#1>(deleted)',
        'openat(AT_FDCWD</w>, "/proc/self/fd/7", O_RDONLY) = 3<pipe:[12]>',
        'openat(AT_FDCWD</w>, "/proc/self/maps", O_RDONLY) = 3</proc/10/maps>',
        "openat(AT_FDCWD</w>, 0x1, O_RDONLY) = -1 EFAULT (Bad address)",
        'openat(AT_FDCWD</w>, "a", O_RDONLY) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)',
        'openat(AT_FDCWD</w>, "a", O_WRONLY|O_CREAT, 0666) = -1 ENOENT (No such file or directory)',
    ],
)
def test_what_reads_no_file_is_no_file(written: Written, line: str) -> None:
    trace = written(f"10 {line}")
    assert (trace.problems, trace.files, trace.lookups) == ((), (), ())


def test_a_line_in_two_halves_is_one_call_of_the_cell_in_which_it_began(written: Written) -> None:
    trace = written(
        '10 openat(AT_FDCWD</w>, "a.csv", O_RDONLY|O_CLOEXEC <unfinished ...>',
        '11 openat(AT_FDCWD</w>, "b.csv", O_RDONLY <unfinished ...>',
        "\x021\x03" + "10 <... openat resumed>) = 3</w/a.csv>",
        "11 <... openat resumed>)           = 4</w/b.csv>",
        '11 openat(AT_FDCWD</w>, "c.csv", O_RDONLY) = 5</w/c.csv>',
        "11 +++ exited with 0 +++",
    )
    assert trace.problems == ()
    assert {f.path: f.cells for f in trace.files} == {"/w/a.csv": (0,), "/w/b.csv": (0,), "/w/c.csv": (1,)}


def test_a_mark_in_the_middle_of_a_line_counts_from_the_next_line_on(written: Written) -> None:
    trace = written(
        '10 openat(AT_FDCWD</w>, "a.c' + mark(4).decode() + 'sv", O_RDONLY) = 3</w/a.csv>',
        '10 openat(AT_FDCWD</w>, "b.csv", O_RDONLY) = 3</w/b.csv>',
    )
    assert {f.path: f.cells for f in trace.files} == {"/w/a.csv": (0,), "/w/b.csv": (4,)}


def test_a_mark_at_the_beginning_of_a_line_counts_for_that_line(written: Written) -> None:
    trace = written("\x023\x03" + '10 openat(AT_FDCWD</w>, "a.csv", O_RDONLY) = 3</w/a.csv>')
    assert [f.cells for f in trace.files] == [(3,)]


def test_a_thread_that_starts_a_program_hands_its_call_to_the_process(written: Written) -> None:
    trace = written(
        '12 execve("/opt/tool", [...], 0x7 /* 1 var */ <unfinished ...>',
        "10 +++ superseded by execve in pid 12 +++",
        "10 <... execve resumed>)             = 0",
    )
    assert trace.problems == ()
    assert "/opt/tool" in trace.programs


def test_the_wrong_result_that_a_tracer_gives_for_a_program_from_a_thread_is_known(written: Written) -> None:
    trace = written(
        '12 execve("/opt/tool", [...], 0x7 /* 1 var */ <pid changed to 10 ...>',
        "10 +++ superseded by execve in pid 12 +++",
        "10 <... execve resumed>)             = -1 (errno 18446744073709551359)",
    )
    assert trace.problems == ()
    assert "/opt/tool" in trace.programs


def test_relative_names_follow_the_working_folder_of_their_process(written: Written) -> None:
    trace = written(
        '10 openat(AT_FDCWD</w>, "in.csv", O_RDONLY) = 3</w/in.csv>',
        "10 clone(child_stack=NULL, flags=SIGCHLD) = 11",
        '10 chdir("sub") = 0',
        '11 openat(AT_FDCWD</w>, "t", O_WRONLY|O_CREAT, 0666) = 3</w/t>',
        '11 rename("t", "u") = 0',
        '10 rename("p", "q") = 0',
        "11 +++ exited with 0 +++",
    )
    assert trace.problems == ()
    assert files(trace) == {
        "/w/in.csv": "read", "/w/t": "write", "/w/u": "write", "/w/sub/p": "read", "/w/sub/q": "write",
    }  # fmt: skip


def test_a_thread_shares_the_working_folder(written: Written) -> None:
    trace = written(
        "10 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_THREAD, exit_signal=0} => {parent_tid=[11]}, 88) = 11",
        '11 chdir("/elsewhere") = 0',
        "11 +++ exited with 0 +++",
        '10 rename("a", "b") = 0',
    )
    assert "/elsewhere/b" in files(trace)


def test_a_child_that_acts_before_its_parent_knows_of_it_has_the_parents_folder(written: Written) -> None:
    trace = written(
        "10 vfork( <unfinished ...>",
        '11 rename("a", "b") = 0',
        "10 <... vfork resumed>)              = 11",
        "11 +++ killed by SIGKILL +++",
    )
    assert (trace.problems, files(trace)["/w/b"]) == ((), "write")


def test_a_folder_that_is_renamed_takes_its_written_files_along(written: Written) -> None:
    trace = written(
        '10 openat(AT_FDCWD</w>, "tmp/part.csv", O_WRONLY|O_CREAT, 0666) = 3</w/tmp/part.csv>',
        '10 rename("tmp", "data") = 0',
        '10 openat(AT_FDCWD</w>, "data/part.csv", O_RDONLY) = 3</w/data/part.csv>',
    )
    assert {f.path: f.first for f in trace.files}["/w/data/part.csv"] == "write"


def test_behind_a_link_that_the_run_made_the_file_itself_is_what_was_read(written: Written) -> None:
    trace = written(
        '10 symlink("/big/data.csv", "data.csv") = 0',
        '10 openat(AT_FDCWD</w>, "data.csv", O_RDONLY) = 3</big/data.csv>',
    )
    assert files(trace) == {"/big/data.csv": "read"}


def test_failed_reads_are_kept_with_their_reason_and_noise_is_not(written: Written) -> None:
    trace = written(
        '10 openat(AT_FDCWD</w>, "a.csv", O_RDONLY) = -1 ENOENT (No such file or directory)',
        '10 openat(AT_FDCWD</w>, "b.csv", O_RDONLY) = -1 EACCES (Permission denied)',
        '10 openat(AT_FDCWD</w>, "/v/lib/python3.11/site-packages/x.json", O_RDONLY) = -1 ENOENT (No such file)',
        '10 openat(AT_FDCWD</w>, "/w/libz.so.1", O_RDONLY) = -1 ENOENT (No such file or directory)',
        "\x02-1\x03",
        '10 openat(AT_FDCWD</w>, "outside-any-cell.csv", O_RDONLY) = -1 ENOENT (No such file or directory)',
    )
    assert [(one.path, one.reason, one.cells) for one in trace.lookups] == [
        ("/w/a.csv", "absent", (0,)),
        ("/w/b.csv", "denied", (0,)),
    ]


def test_connections_are_named_but_for_name_resolution_and_our_own(written: Written) -> None:
    trace = written(
        '10 connect(5<socket:[1]>, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("1.2.3.4")}, 16) = 0',
        '10 connect(5<socket:[1]>, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 EINPROGRESS (Operation now in progress)',
        '10 connect(5<socket:[1]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("1.1.1.1")}, 16) = 0',
        '10 connect(5<socket:[1]>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("1.1.1.1")}, 16) = -1 '
        "ECONNREFUSED (Connection refused)",
        '10 connect(5<socket:[1]>, {sa_family=AF_UNIX, sun_path="/db/.s.PGSQL"}, 14) = 0',
        '10 connect(5<socket:[1]>, {sa_family=AF_UNIX, sun_path="/own/s-1"}, 14) = 0',
    )  # fmt: skip
    assert trace.connections == ("1.2.3.4:443", "::1:80", "unix:/db/.s.PGSQL")
    assert trace.problems == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("10 io_uring_setup(8, {flags=0}) = 4<anon_inode:[io_uring]>", "io_uring"),
        ("10 pidfd_getfd(3<anon_inode:[pidfd]>, 4, 0) = 5</w/a>", "taken over"),
        ('10 chroot("/elsewhere") = 0', "what paths stand for"),
        ('10 mount("/a", "/b", NULL, MS_BIND, NULL) = 0', "what paths stand for"),
        ("10 open_by_handle_at(3</d>, {handle_bytes=8, handle_type=1}, O_RDONLY) = 4", "path is not known"),
        ("10 openat(AT_FDCWD</w>, 0x7ffd10, O_RDONLY) = 4", "path is not known"),
        ('10 openat(7, "a.csv", O_RDONLY) = 4', "path is not known"),
        ("10 syscall_0x1d3(0x3, 0x7f, 0, 0, 0, 0) = 5", "what paths stand for"),
        ('10 openat(AT_FDCWD</w>, "a", O_RDONLY) = -1 (errno 18446744073709551359)', "could not be read"),
        ("10 something that no version of the tracer writes", "could not be read"),
        ('10 connect(5<socket:[1]>, {sa_family=AF_UNIX, sun_path="/run/docker.sock"}, 14) = 0', "service"),
        ('10 openat(AT_FDCWD</w>, "\\377.csv", O_RDONLY) = 3</w/\\377.csv>', "no UTF-8"),
        ('11 openat(AT_FDCWD</w>, "a", O_RDONLY) = 3</w/a>', "before all processes did"),
        ("10 <... openat resumed>) = 3</w/a>", "could not be read"),
    ],
)
def test_what_a_trace_cannot_tell_of_is_said(written: Written, line: str, said: str) -> None:
    problems = written(line).problems
    assert len(problems) == 1
    assert said in problems[0]


def test_a_call_that_is_younger_than_the_tracer_and_opens_nothing_is_no_problem(written: Written) -> None:
    assert written("10 syscall_0x1c3(0x8, 0x7ff, 0x7ff, 0, 0x1, 0x7f) = 0").problems == ()


def test_an_escape_that_failed_is_no_problem(written: Written) -> None:
    assert written("10 io_uring_setup(8, {flags=0}) = -1 EPERM (Operation not permitted)").problems == ()


def test_a_trace_that_ends_before_the_kernel_is_not_whole(written: Written) -> None:
    assert "before all processes did" in written(whole=False).problems[0]


def test_a_kernel_that_is_not_in_its_trace_is_told(written: Written, tmp_path: Path) -> None:
    written()
    log = tmp_path / "trace"
    log.write_text(log.read_text().replace("/own/hello", "/own/other"))
    (tmp_path / "start.json").write_text('{"at": 0.0, "folders": ["/own"], "hello": "/own/hello"}')
    trace = read_trace(tmp_path)
    assert trace is not None
    assert "does not run where" in trace.problems[0]


def test_a_trace_beyond_the_limit_says_so_and_keeps_what_is_within(written: Written) -> None:
    lines = [f'10 openat(AT_FDCWD</w>, "{n}.csv", O_RDONLY) = 3</w/{n}.csv>' for n in range(100)]
    trace = written(*lines, limit=3000)
    assert len(trace.problems) == 1
    assert "More files were opened" in trace.problems[0]
    assert 0 < len(trace.files) < 100


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        (rb"a\tb\n", b"a\tb\n"),
        (rb"\"q\" \\", b'"q" \\'),
        (rb"\303\251\0001", "é".encode() + b"\x001"),
        (rb"\x41\74", b"A<"),
    ],
)
def test_strings_are_read_in_cs_notation(escaped: bytes, plain: bytes) -> None:
    assert unescaped(escaped) == plain


@pytest.mark.parametrize(
    ("path", "hidden"),
    [
        ("/home/u/project/data.csv", False),
        ("/opt/data/x.parquet", False),
        ("/opt/lib/python3/project/data.csv", False),
        ("/dev/shm/data.csv", False),
        ("/dev/shm/sem.mp-1", True),
        ("/dev/null", True),
        ("/run/media/u/disk/data.csv", False),
        ("/run/lock/x", True),
        ("/v/lib/python3.11/site-packages/sklearn/datasets/data/iris.csv", False),
        ("/usr/lib/python3/dist-packages/seaborn/tips.csv", False),
        ("/v/lib/python3.11/site-packages/sklearn/__init__.py", True),
        ("/v/lib/python3.11/site-packages/numpy.libs/libblas.so.0", True),
        ("/v/lib/python3.11/json/decoder.py", True),
        ("/v/bin/activate", True),
        ("/usr/share/locale/C", True),
        ("/etc/hosts", True),
        ("/home/u/project/helper.so", True),
        ("/own/kernel.json", True),
    ],
)
def test_only_what_can_be_data_is_no_noise(path: str, hidden: bool) -> None:
    assert Noise(["/v/bin/python3.11"], ["/own"]).hides(path) is hidden


def test_what_an_installer_writes_is_no_product() -> None:
    path = "/v/lib/python3.11/site-packages/new/data.json"
    assert Noise([], []).hides(path, written=True)
    assert not Noise([], []).hides(path)
