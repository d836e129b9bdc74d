"""The switch of a test network: forwards packets between hosts late, loses some, and refuses what faults forbid.

Knows packets and time; it does not know namespaces or who gives commands. Every queue is bounded.
"""

import heapq
import ipaddress
import os
import random
import time

# Protocol numbers of IP by the names in commands.
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58}
# One read is one packet; nothing larger than an interface's MTU arrives.
PACKET_BYTES_MAX = 65536
# Packets read from one host before the others have their turn.
BATCH = 64


class Refused(Exception):
    """A command that makes no sense; the text is for who gave it."""


class Link:
    """One direction between two hosts."""

    def __init__(self, source, destination, seed):
        self.source, self.destination = source, destination
        # One generator a link: packet number n of a link is lost or not, however links take turns.
        self.random = random.Random(f"{seed}/{source}/{destination}")
        self.queued = 0
        self.last_due = 0.0
        self.cut = False
        self.delivered = self.bytes = self.lost = self.blocked = self.overflowed = 0

    def stats(self):
        return {
            "from": self.source, "to": self.destination, "delivered": self.delivered, "bytes": self.bytes,
            "lost": self.lost, "blocked": self.blocked, "overflowed": self.overflowed, "queued": self.queued,
        }


class Switch:
    """Hosts are numbers from 1. `deliver` of a due packet happens in `run_due`, which also says when to come back."""

    def __init__(self, count, delay_ms, jitter, loss, queue, seed):
        self.hosts = range(1, count + 1)
        self.delay, self.jitter, self.loss, self.queue = delay_ms / 1000, jitter, loss, queue
        self.links = {(i, j): Link(i, j, seed) for i in self.hosts for j in self.hosts if i != j}
        self.files = {}
        self.by_address = {}
        self.heap = []
        self.serial = 0
        self.rules = set()
        self.downs = set()
        self.groups = {}
        self.unrouted = self.refused_by_host = self.due_packets = 0
        self.late_max = self.late_sum = 0.0

    def attach(self, host, file, addresses):
        """The host's interface, and the addresses for which packets go there."""
        self.files[host] = file
        for address in addresses:
            self.by_address[ipaddress.ip_address(address).packed] = host

    def read(self, host):
        """Takes what a host has sent."""
        file = self.files[host]
        for _ in range(BATCH):
            try:
                packet = os.read(file, PACKET_BYTES_MAX)
            except BlockingIOError:
                return
            self.forward(host, packet)

    def forward(self, source, packet):
        version = packet[0] >> 4
        destination = self.by_address.get(packet[16:20] if version == 4 else packet[24:40])
        link = self.links.get((source, destination))
        if link is None:
            # Multicast (discovery of routers and neighbours), or an address that nobody has.
            self.unrouted += 1
            return
        if link.cut or (self.rules and self.is_blocked(link, packet, version)):
            link.blocked += 1
            return
        if self.loss and link.random.random() < self.loss:
            link.lost += 1
            return
        if link.queued >= self.queue:
            link.overflowed += 1
            return
        delay = self.delay * (1 + self.jitter * link.random.uniform(-1, 1))
        # Jitter never changes the order of a link's packets: few real paths do, and TCP takes it for loss.
        due = link.last_due = max(time.monotonic() + delay, link.last_due)
        link.queued += 1
        self.serial += 1
        heapq.heappush(self.heap, (due, self.serial, link, packet))

    def run_due(self):
        """Delivers what is due. Returns seconds until the next packet is, or None."""
        heap = self.heap
        while heap:
            late = time.monotonic() - heap[0][0]
            if late < 0:
                return -late
            _, _, link, packet = heapq.heappop(heap)
            link.queued -= 1
            self.due_packets += 1
            self.late_sum += late
            self.late_max = max(self.late_max, late)
            if link.cut:
                link.blocked += 1
                continue
            try:
                os.write(self.files[link.destination], packet)
            except OSError:
                self.refused_by_host += 1
                continue
            link.delivered += 1
            link.bytes += len(packet)
        return None

    def is_blocked(self, link, packet, version):
        protocol, port = destination_port(packet, version)
        for source, destination, rule_protocol, rule_port in self.rules:
            if (
                source in (None, link.source)
                and destination in (None, link.destination)
                and rule_protocol in (None, protocol)
                and rule_port in (None, port)
            ):
                return True
        return False

    def command(self, words):
        """Carries out a command; returns what to add to its reply."""
        actions = {
            "block": self.block, "unblock": self.unblock, "down": self.down, "up": self.up, "heal": self.heal,
            "partition": self.partition, "delay": self.set_delay, "loss": self.set_loss, "stats": self.stats,
        }
        action = actions.get(words[0]) if words else None
        if action is None:
            raise Refused("commands are " + ", ".join(actions))
        try:
            reply = action(*words[1:]) or {}
        except (TypeError, ValueError) as error:
            raise Refused(f"{words[0]}: {error}") from None
        self.cut_links()
        return reply

    def block(self, source, destination, protocol="any", port="any"):
        self.rules.add(self.rule(source, destination, protocol, port))

    def unblock(self, source=None, destination=None, protocol="any", port="any"):
        if source is None:
            self.rules.clear()
            return
        rule = self.rule(source, destination, protocol, port)
        if rule not in self.rules:
            raise Refused("no such rule")
        self.rules.remove(rule)

    def rule(self, source, destination, protocol, port):
        host = lambda text: None if text == "any" else self.host(text)
        if protocol != "any" and protocol not in PROTOCOLS:
            raise Refused(f"a protocol is any, {', '.join(PROTOCOLS)}")
        number = None if port == "any" else int(port)
        if number is not None and (protocol not in ("tcp", "udp") or not 0 < number < 65536):
            raise Refused("a port is of tcp or udp, from 1 to 65535")
        return host(source), host(destination), PROTOCOLS.get(protocol), number

    def host(self, text):
        if int(text) not in self.hosts:
            raise Refused(f"hosts are 1 to {len(self.hosts)}")
        return int(text)

    def down(self, host):
        self.downs.add(self.host(host))

    def up(self, host):
        self.downs.discard(self.host(host))

    def partition(self, *groups):
        hosts = [[self.host(text) for text in group.split(",")] for group in groups]
        named = [host for group in hosts for host in group]
        if len(named) != len(set(named)):
            raise Refused("a host is in one group")
        # Those that are not named are a group of their own; without a group all are in it.
        self.groups = {host: number for number, group in enumerate(hosts, 1) for host in group}

    def heal(self):
        self.rules.clear()
        self.downs.clear()
        self.groups.clear()

    def cut_links(self):
        for (i, j), link in self.links.items():
            apart = self.groups.get(i, 0) != self.groups.get(j, 0)
            link.cut = apart or i in self.downs or j in self.downs

    def set_delay(self, delay_ms):
        self.delay = milliseconds(delay_ms) / 1000

    def set_loss(self, loss):
        self.loss = probability(loss)

    def stats(self):
        return {
            "delay_ms": self.delay * 1000, "loss": self.loss, "links": [link.stats() for link in self.links.values()],
            "unrouted": self.unrouted, "refused_by_host": self.refused_by_host, "rules": len(self.rules),
            # How far the switch itself fell behind: what a busy machine adds to the delay.
            "late_ms_max": round(self.late_max * 1000, 3),
            "late_ms_mean": round(self.late_sum * 1000 / max(self.due_packets, 1), 3),
        }


def destination_port(packet, version):
    """Protocol, and the destination port of TCP and UDP. A fragment behind the first has none."""
    if version == 4:
        protocol, start = packet[9], (packet[0] & 15) * 4
        fragment = int.from_bytes(packet[6:8], "big") & 0x1FFF
    else:
        # Headers between IPv6 and its payload do not occur without options or fragments.
        protocol, start, fragment = packet[6], 40, 0
    if fragment or protocol not in (6, 17):
        return protocol, None
    return protocol, int.from_bytes(packet[start + 2:start + 4], "big")


def milliseconds(text):
    value = float(text)
    if not 0 <= value <= 10_000:
        raise ValueError("a delay is 0 to 10000 ms")
    return value


def probability(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError("a probability is 0 to 1")
    return value
