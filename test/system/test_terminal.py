"""Terminals: pty, resize, signals, detaching and coming back."""
import time

from shell import wait_until


def attached(sh, name="t", command=("sh",), **options):
    t = sh.term("sandbox", "create", "--name", name, "--", *command,
                **options)
    return t


def test_a_shell_on_a_terminal_has_one_inside_and_its_size(sh):
    t = attached(sh, rows=33, cols=99)
    t.send("tty; stty size; echo end$((1+1))\n")
    t.expect(r"/dev/pts/\d+")
    t.expect(r"33 99")
    t.expect("end2")
    t.send("exit 5\n")
    assert t.wait() == 5


def test_a_resize_reaches_the_program_inside(sh):
    t = attached(sh)
    t.send("trap 'stty size' WINCH; echo ready$((1+1))\n")
    t.expect("ready2")
    t.resize(40, 120)
    t.send("\n")
    t.expect("40 120")
    t.send("exit\n")
    assert t.wait() == 0


def test_control_c_interrupts_inside_and_not_the_client(sh):
    t = attached(sh)
    t.send("sleep 100; echo after=$?\n")
    time.sleep(0.5)
    t.send(b"\x03")
    t.send("echo still$((40+2))\n")
    t.expect("still42")
    t.send("exit\n")
    t.wait()


def test_control_d_ends_the_shell(sh):
    t = attached(sh)
    t.send("echo ready$((1+1))\n")
    t.expect("ready2")
    t.send(b"\x04")
    assert t.wait() == 0


def test_detach_keeps_it_running_and_connect_replays_the_last_output(sh):
    t = attached(sh, command=("sh", "-c", "echo marker-one; exec sh"))
    t.expect("marker-one")
    t.send(b"\x10\x11")         # Ctrl-P Ctrl-Q
    t.wait()
    assert sh.get("t")["phase"] == "running"
    again = sh.term("sandbox", "connect", "t")
    again.expect("marker-one")
    again.send("echo back$((1+1))\n")
    again.expect("back2")
    again.send("exit 4\n")
    assert again.wait() == 4


def test_a_client_that_dies_leaves_the_sandbox_running(sh):
    t = attached(sh)
    t.send("echo up$((1+1))\n")
    t.expect("up2")
    t.close()
    time.sleep(0.3)
    assert sh.get("t")["phase"] == "running"
    again = sh.term("sandbox", "connect", "t")
    again.send("echo back$((1+1))\n")
    again.expect("back2")


def test_the_terminal_is_as_it_was_afterwards(sh):
    import termios
    t = sh.term("sandbox", "create", "--no-keep", "--", "sh", "-c",
                "stty raw; exit 3")
    before = termios.tcgetattr(t.fd)[3]
    assert t.wait() == 3
    assert before & termios.ECHO and before & termios.ICANON


def test_modes_that_a_program_left_on_are_switched_off(sh):
    """The mouse would type into the user's shell from then on."""
    t = attached(sh, command=("printf", r"\033[?1003h"))
    assert t.wait() == 0
    assert "\033[?1003h" in t.text()
    assert "\033[?1000;1002;1003;1006;2004l" in \
        t.text().split("\033[?1003h")[1], repr(t.text())


def test_signals_to_the_client_are_forwarded(sh):
    import signal
    p = sh.popen("sandbox", "create", "--no-keep", "--", "sh", "-c",
                 "trap 'echo got; exit 21' TERM; echo up; "
                 "while :; do sleep 0.1; done",
                 stdout=-1, stdin=-3, stderr=-1)
    assert p.stdout.readline() == b"up\n"
    p.send_signal(signal.SIGTERM)
    out, _ = p.communicate(timeout=20)
    assert out == b"got\n" and p.returncode == 21


def test_exec_with_a_terminal_beside_the_main_process(sh):
    sh.start("m")
    t = sh.term("sandbox", "exec", "m", "--", "sh")
    t.send("test -t 0 && echo on-a-tty$((1+1)); exit 6\n")
    t.expect("on-a-tty2")
    assert t.wait() == 6
    assert sh.get("m")["phase"] == "running"


def test_binary_output_on_a_pipe_is_untouched(sh):
    r = sh.once("printf", "a\\r\\nb\\000c\\377", raw=True)
    assert r.out == b"a\r\nb\0c\xff"


def test_the_exit_code_comes_past_input_that_nobody_reads(sh):
    """The last message was lost when the channel closed on unread input."""
    for _ in range(5):
        r = sh.once("sh", "-c", "exit 3", data=b"y\n" * 4_000_000)
        assert r.code == 3, r


def test_connect_to_one_that_ended_says_so(sh):
    sh.run("sandbox", "create", "--name", "over", "--", "true")
    wait_until(lambda: sh.get("over")["phase"] == "exited")
    r = sh.run("sandbox", "connect", "over")
    assert r.code != 0 and ("exited" in r.err.lower()
                            or "not running" in r.err.lower()), r
