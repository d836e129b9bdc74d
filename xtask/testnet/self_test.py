"""What a test network promises, measured. Prints each figure, and the line that counts at the end."""

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
AS_USER = os.path.join(HERE, "as_user.sh")
# Bare numbers that no system gives to anyone: above those of people, below those of dynamic users.
UID = 60900
DELAY_MS, LOSS = 40, 0.01


class Impossible(Exception):
    """There can be no test network here."""


class Net:
    """A network in a process of its own, for the length of a `with`."""

    # The namespaces of all of them. Others on this machine may have test networks, too.
    names = set()

    def __init__(self, program, *options):
        self.process = subprocess.Popen(
            [sys.executable, program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.ready = json.loads(self.process.stdout.readline())
        if not self.ready["ready"]:
            raise Impossible(self.ready["error"])
        Net.names.update(self.ready["namespaces"])
        self.addresses, self.addresses6 = self.ready["addresses"], self.ready["addresses6"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def ok(self, line):
        reply = self.say(line)
        assert reply["ok"], (line, reply)
        return reply

    def on(self, host, *words, uid=None):
        """A command on a host, as the user of that host."""
        command = [AS_USER, self.ready["namespaces"][host - 1], str(uid or UID + host), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def traffic(self, host, *words):
        # The users of the hosts may have no right to read this source tree.
        with open(os.path.join(HERE, "traffic.py")) as file:
            return self.on(host, sys.executable, "-c", file.read(), *map(str, words))

    @contextlib.contextmanager
    def listening(self, host, *words):
        process = self.traffic(host, *words)
        assert process.stdout.readline().strip() == '"listening"', process.stderr.read()
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def result(self, host, *words):
        return result(self.traffic(host, *words))


def result(process):
    output, errors = process.communicate(timeout=60)
    assert output, errors
    return json.loads(output.splitlines()[-1])


def run(program):
    """Measures all. Returns the exit code: 3 where there can be no test network."""
    try:
        return measure(program)
    except Impossible as reason:
        print(f"not possible here: {reason}")
        return 3


def measure(program):
    # Debian's interpreter is the one that hosts' users can run, wherever this one lies.
    if os.path.exists("/usr/bin/python3"):
        sys.executable = "/usr/bin/python3"
    checks = [delay, loss, udp_rate, tcp_rate, faults, bad_commands, users]
    failed = 0
    with Net(program, "--delay-ms", str(DELAY_MS), "--hosts", "4") as net:
        for check in checks:
            failed += not passes(check, net)
    for check in (taken_down, two_at_once):
        failed += not passes(check, program)
    left = Net.names & leftovers() or outside()
    print(f"left behind: {sorted(left) or 'nothing'}")
    failed += bool(left)
    print(f"{len(checks) + 3 - failed} passed, {failed} failed")
    return int(failed != 0)


def passes(check, argument):
    try:
        check(argument)
        return True
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        print(f"FAILED {check.__name__}: {error}")
        return False


def delay(net):
    for name, addresses in (("IPv4", net.addresses), ("IPv6", net.addresses6)):
        if addresses[1] is None:
            print(f"round trip {name}: not on this machine")
            continue
        with net.listening(2, "echo", addresses[1], 9000):
            trips = net.result(1, "ping", addresses[1], 9000, 50, 2)
        assert None not in trips, trips
        median = statistics.median(trips)
        print(f"round trip {name}: median {median:.1f} ms, {min(trips):.1f} to {max(trips):.1f}; asked {2 * DELAY_MS}")
        assert 0.7 <= median / (2 * DELAY_MS) <= 1.3


def loss(net):
    for probability in (LOSS, 0.05):
        net.ok(f"loss {probability}")
        count = 6000
        got = sent_and_counted(net, 1, 2, 2000, count / 2000)
        share = 1 - got["count"] / count
        spread = 5 * (probability * (1 - probability) / count) ** 0.5
        print(f"loss: {share:.2%} of {count}; asked {probability:.0%}, allowed ±{spread:.2%}")
        assert abs(share - probability) <= spread
    net.ok("loss 0")


def sent_and_counted(net, source, sink, per_second, seconds):
    address = net.addresses[sink - 1]
    with net.listening(sink, "udp_sink", address, 9001) as process:
        net.result(source, "udp_source", address, 9001, per_second, seconds)
        return result(process)


def udp_rate(net):
    # 1228 bytes with headers.
    per_second, seconds = 20e6 / 8 / 1228, 3
    with busy(net) as share:
        got = sent_and_counted(net, 1, 2, per_second, seconds)
    rate = got["count"] * 1228 * 8 / 1e6 / got["seconds"]
    lost = 1 - got["count"] / int(per_second * seconds)
    print(f"UDP 20 Mbit/s: {rate:.1f} Mbit/s arrived, {lost:.2%} missing; switch at {share():.0%} of a core")
    assert rate > 18 and lost < 0.01


def tcp_rate(net):
    with open("/proc/sys/net/ipv4/tcp_congestion_control") as file:
        print(f"TCP of this machine: {file.read().strip()}")
    # The last is bound by the switch alone.
    for delay_ms, probability in ((DELAY_MS, LOSS), (DELAY_MS, 0), (0, 0)):
        net.ok(f"delay {delay_ms}")
        net.ok(f"loss {probability}")
        with busy(net) as share, net.listening(2, "tcp_sink", net.addresses[1], 9002) as process:
            net.result(1, "tcp_source", net.addresses[1], 9002, 3)
            rate = result(process)["mbit_s"]
        print(f"TCP, {delay_ms} ms, {probability:.0%} lost: {rate:.1f} Mbit/s; switch at {share():.0%} of a core")
        assert rate > 0.3
    net.ok(f"delay {DELAY_MS}")
    net.ok("loss 0")
    stats = net.ok("stats")
    print(
        f"switch late by {stats['late_ms_mean']} ms in the mean, {stats['late_ms_max']} at most;"
        f" {stats['dropped_before_switch']} packets dropped before it"
    )


@contextlib.contextmanager
def busy(net):
    """The part of a core that the switch used meanwhile, long enough after its end."""
    begun, used = time.monotonic(), net.ok("stats")["cpu_seconds"]
    share = []
    yield lambda: share[0]
    share.append((net.ok("stats")["cpu_seconds"] - used) / (time.monotonic() - begun))


def faults(net):
    def reaches(source, sink, port=9000):
        return net.result(source, "ping", net.addresses[sink - 1], port, 1, 0.5)[0] is not None

    with contextlib.ExitStack() as stack:
        for host in (1, 2, 3, 4):
            stack.enter_context(net.listening(host, "echo", net.addresses[host - 1], 9000, 9005))
        net.ok("block 1 2 udp 9000")
        assert not reaches(1, 2) and reaches(1, 2, 9005) and reaches(2, 1) and reaches(3, 2)
        net.ok("unblock 1 2 udp 9000")
        assert reaches(1, 2)
        net.ok("block any 3 udp")
        assert not reaches(1, 3) and not reaches(2, 3) and reaches(1, 2)
        net.ok("unblock")
        net.ok("partition 1,2 3,4")
        assert reaches(1, 2) and reaches(4, 3) and not reaches(1, 3) and not reaches(4, 2)
        net.ok("partition")
        net.ok("down 4")
        assert not reaches(1, 4) and not reaches(4, 1) and reaches(3, 1)
        net.ok("up 4")
        assert reaches(1, 4)
        net.ok("down 1")
        net.ok("heal")
        assert reaches(1, 2)
    print("block, unblock, partition, down, up, heal: as asked")


def bad_commands(net):
    lines = "|block|block 1 9|block 1 2 udp 0|block 1 2 icmp 9|loss 2|delay x|partition 1 1,2|unblock 1 2|say"
    for line in lines.split("|"):
        assert not net.say(line)["ok"], line
    print("commands without sense: refused")


def users(net):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        for host in (1, 2):
            own = os.path.join(folder, str(host))
            os.mkdir(own, 0o700)
            with open(os.path.join(own, "secret"), "w") as file:
                file.write("mine")
            for path in (own, file.name):
                os.chown(path, UID + host, UID + host)

        def may(host, *words):
            return net.on(host, *words).wait() == 0

        assert may(1, "cat", f"{folder}/1/secret") and not may(2, "cat", f"{folder}/1/secret")
        assert may(2, "touch", f"{folder}/2/new") and not may(2, "ls", f"{folder}/1")
        assert not may(1, "ls", "/root") or os.stat("/root").st_mode & 0o5
        assert not may(1, "kill", "-0", str(net.process.pid))
        spaces = "can" if may(1, "unshare", "-Ur", "true") else "cannot"
    print(f"users: own folder only, no signal to others' processes; they {spaces} make user namespaces")


def taken_down(program):
    for how in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        net = Net(program, "--hosts", "3")
        sleeper = net.on(1, "sh", "-c", "echo there; exec sleep 1000")
        assert sleeper.stdout.readline() == "there\n"
        names = set(net.ready["namespaces"])
        assert names <= leftovers()
        net.process.send_signal(how)
        net.process.wait(20)
        if how == signal.SIGKILL:
            assert names <= leftovers()
            with Net(program, "--hosts", "1"):
                assert not names & leftovers(), "the next start removes them"
        assert not names & leftovers(), how
        assert sleeper.wait(10) == -signal.SIGKILL, sleeper.returncode
    print("taken down: by SIGTERM, by SIGINT, and after SIGKILL by the next start; with the processes on its hosts")


def two_at_once(program):
    with Net(program, "--hosts", "2", "--subnet", "7") as one, Net(program, "--hosts", "2", "--subnet", "7") as two:
        with one.listening(2, "echo", one.addresses[1], 9000):
            assert one.result(1, "ping", one.addresses[1], 9000, 1, 1)[0] is not None
            assert two.result(1, "ping", two.addresses[1], 9000, 1, 0.3)[0] is None
    print("two networks with the same addresses do not meet")


def leftovers():
    """Namespaces of test networks."""
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    return {name for name in names if name.startswith("quorate-")}


def outside():
    """Interfaces that got out of their namespaces."""
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    return {line for line in links.splitlines() if ": net0" in line}
