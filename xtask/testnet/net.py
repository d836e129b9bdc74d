#!/usr/bin/python3
"""A test network on one machine: hosts are network namespaces, and a switch in this process joins them.

    net.py --hosts 4 --delay-ms 40 --loss 0.01 [--seed 1]

`--delay-ms` is ONE WAY: a round trip takes twice as long. Kernels without sch_netem cannot delay or lose packets, so
it happens here, in user space. Each host has one TUN interface, `net0`: unlike a veth pair it has no offloads, so
checksums are whole, and it goes when this process goes. There is no route to anywhere else.

Needs root, iproute2, /dev/net/tun, and nothing beside Python's standard library. Prints one line of JSON when the
network stands. Then each line on standard input is a command, answered by one line of JSON, {"ok": …}:

    block I J [udp|tcp|icmp|icmp6|any [PORT]]   I's packets to this destination port of J are dropped; one direction
    unblock [I J …]                             takes that rule back; without words, all rules
    down I, up I                                pulls I's cable, and plugs it in again
    partition 1,2 3,4                           groups cannot reach each other; without words, all are together
    heal                                        no rule, nobody down, no groups
    delay MS, loss P                            from now on
    stats                                       counts of each link

I or J may be `any`. When standard input closes, or by SIGTERM, SIGINT or SIGHUP, all is taken down, with every process
in the namespaces. What a killed switch left behind goes at the next start: its namespaces carry its process id.

as_user.sh, beside this file, runs a command on a host as a user. `net.py --self-test` measures what is promised here.
"""

import argparse
import contextlib
import ctypes
import fcntl
import gc
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time

# This folder is a source tree.
sys.dont_write_bytecode = True

from switch import Refused, Switch, milliseconds, probability

PREFIX = "quorate-"
FOLDER = "/run/netns"
INTERFACE = "net0"
MTU = 1500
HOSTS_MAX = 32
COMMAND_BYTES_MAX = 4096
# From linux/if_tun.h: without IFF_VNET_HDR and TUNSETOFFLOAD the kernel hands over whole packets only.
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
# A busy machine must not add to the delay.
NICE = -10

libc = ctypes.CDLL(None, use_errno=True)


class Ended(Exception):
    """Someone wants this process to end."""


def main():
    if "--self-test" in sys.argv[1:]:
        import self_test

        sys.exit(self_test.run(os.path.abspath(__file__)))
    options = arguments()
    reason = missing()
    if reason:
        say({"ready": False, "error": reason})
        sys.exit(1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    network = Network(options)
    try:
        remove_stale()
        network.build()
        network.serve()
    except (Ended, BrokenPipeError):
        pass
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for name in network.names:
            remove(name)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=4, help="how many, 1 to %d" % HOSTS_MAX)
    parser.add_argument("--delay-ms", type=milliseconds, default=0, help="ONE-WAY delay in milliseconds")
    parser.add_argument("--jitter", type=probability, default=0.05, help="part of the delay that varies, up and down")
    parser.add_argument("--loss", type=probability, default=0, help="probability that a packet is lost")
    parser.add_argument("--queue", type=int, default=1000, help="packets under way on one link; more are dropped")
    parser.add_argument("--seed", type=int, default=1, help="of loss and jitter")
    parser.add_argument("--subnet", type=int, help="R of 10.77.R.0/24 and fd77:0:0:R::/64; else by process id")
    parser.add_argument("--self-test", action="store_true", help="measures what is promised, and prints it")
    options = parser.parse_args()
    if not 1 <= options.hosts <= HOSTS_MAX or options.queue < 1:
        parser.error("--hosts or --queue is out of range")
    if options.subnet is None:
        options.subnet = os.getpid() % 254 + 1
    if not 0 < options.subnet < 255:
        parser.error("--subnet is 1 to 254")
    return options


def missing():
    """Why there cannot be a test network here, or None."""
    if os.geteuid() != 0:
        return "a test network needs root"
    if not os.path.exists("/dev/net/tun"):
        return "a test network needs /dev/net/tun"
    try:
        ip("-V")
    except FileNotFoundError:
        return "a test network needs iproute2"
    name = f"{PREFIX}{os.getpid()}-0"
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        return f"no network namespaces here: {error.stderr.strip()}"
    finally:
        remove(name)
    return None


class Network:
    """The namespaces of this process, and the switch between them."""

    def __init__(self, options):
        self.hosts = range(1, options.hosts + 1)
        self.names = [f"{PREFIX}{os.getpid()}-{i}" for i in self.hosts]
        self.subnet = options.subnet
        self.switch = Switch(
            options.hosts, options.delay_ms, options.jitter, options.loss, options.queue, options.seed
        )
        self.poll = select.epoll()
        self.host_of_file = {}

    def build(self):
        ready = {"ready": True, "pid": os.getpid(), "namespaces": self.names, "addresses": [], "addresses6": []}
        for host, name in zip(self.hosts, self.names):
            v4, v6 = f"10.77.{self.subnet}.{host}", f"fd77:0:0:{self.subnet:x}::{host:x}"
            with inside(ip_netns_add(name)):
                file = open_tun()
                has_v6 = allow_ipv6()
                ip("link", "set", "lo", "up")
                ip("link", "set", INTERFACE, "mtu", str(MTU), "txqueuelen", "1000", "addrgenmode", "none", "up")
                ip("addr", "add", f"{v4}/24", "dev", INTERFACE)
                if has_v6:
                    # Ready at once: nobody else can have it.
                    ip("addr", "add", f"{v6}/64", "dev", INTERFACE, "nodad")
            self.switch.attach(host, file, [v4, v6] if has_v6 else [v4])
            self.host_of_file[file] = host
            self.poll.register(file, select.EPOLLIN)
            ready["addresses"].append(v4)
            ready["addresses6"].append(v6 if has_v6 else None)
        say(ready)

    def serve(self):
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
        # Packets form no cycles; a collection would only add to the delay.
        gc.disable()
        commands = sys.stdin.fileno()
        os.set_blocking(commands, False)
        try:
            self.poll.register(commands, select.EPOLLIN)
        except PermissionError:
            raise SystemExit("standard input must be a pipe, a socket or a terminal") from None
        pending = b""
        while True:
            wait = self.switch.run_due()
            for file, _ in self.poll.poll(-1 if wait is None else wait):
                if file != commands:
                    self.switch.read(self.host_of_file[file])
                    continue
                read = os.read(commands, COMMAND_BYTES_MAX)
                if not read:
                    return
                *lines, pending = (pending + read).split(b"\n")
                if len(pending) > COMMAND_BYTES_MAX:
                    return
                for line in lines:
                    self.answer(line.decode(errors="replace").split())

    def answer(self, words):
        try:
            say({"ok": True, **self.switch.command(words), **(self.kernel() if words == ["stats"] else {})})
        except Refused as error:
            say({"ok": False, "error": str(error)})

    def kernel(self):
        """What the kernel dropped before the switch saw it, because the switch was too slow; and its time."""
        dropped = 0
        for name in self.names:
            with inside(name):
                text = open("/proc/self/net/dev").read()
            dropped += int(re.search(rf"{INTERFACE}:(.*)", text)[1].split()[11])
        return {"dropped_before_switch": dropped, "cpu_seconds": round(time.process_time(), 3)}


def ip_netns_add(name):
    ip("netns", "add", name)
    return name


def open_tun():
    """A TUN interface in the namespace of this thread. It lives as long as the file."""
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", INTERFACE.encode(), IFF_TUN | IFF_NO_PI))
    return file


def allow_ipv6():
    """Whether this namespace has IPv6."""
    try:
        for which in ("all", "default", INTERFACE):
            with open(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "w") as file:
                file.write("0")
    except OSError:
        return False
    return True


@contextlib.contextmanager
def inside(name):
    """This thread, and what it starts, in a namespace."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(f"{FOLDER}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(there)
        try:
            yield
        finally:
            enter(here)
    finally:
        os.close(there)
        os.close(here)


def enter(namespace):
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def remove_stale():
    """Takes down networks whose switch is gone."""
    names = os.listdir(FOLDER) if os.path.isdir(FOLDER) else []
    for name in names:
        match = re.fullmatch(rf"{PREFIX}(\d+)-\d+", name)
        if match and not is_switch(int(match[1])):
            remove(name)


def is_switch(pid):
    """Whether this process lives and is one of ours: ids are used again."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return b"net.py" in file.read()
    except (FileNotFoundError, ProcessLookupError):
        return False


def remove(name):
    """Ends the processes in a namespace, and removes it. It may be gone already."""
    try:
        # Open, it keeps its number to itself until nobody is left in it.
        namespace = os.open(f"{FOLDER}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    number = os.fstat(namespace).st_ino
    end_processes(number)
    with contextlib.suppress(subprocess.CalledProcessError, OSError):
        ip("netns", "del", name)
    # Who was on the way in has arrived, and nobody else can come.
    end_processes(number)
    os.close(namespace)


def end_processes(namespace):
    if namespace == os.stat("/proc/self/ns/net").st_ino:
        # The machine's own: a name that was never made into a namespace must not lead here.
        return
    for _ in range(50):
        pids = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if is_in(pid, namespace)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
        if not pids:
            return


def is_in(pid, namespace):
    try:
        return pid != os.getpid() and os.readlink(f"/proc/{pid}/ns/net") == f"net:[{namespace}]"
    except OSError:
        return False


def ip(*words):
    done = subprocess.run(["ip", *words], check=True, text=True, stdin=subprocess.DEVNULL, capture_output=True)
    return done.stdout


def say(value):
    print(json.dumps(value), flush=True)


def end(number, _frame):
    raise Ended(number)


if __name__ == "__main__":
    main()
