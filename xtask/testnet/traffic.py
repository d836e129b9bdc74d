"""Small programs that hosts of the self-test run: the text of this file is handed to an interpreter on a host.

Each prints one line of JSON; those that listen print one more when they do.
"""

import json
import socket
import sys
import time

DATAGRAM_BYTES = 1200


def udp(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    return made


def echo(address, *ports):
    """Sends back what comes, on several ports, until it is ended."""
    import selectors

    poll = selectors.DefaultSelector()
    for port in ports:
        server = udp(address)
        server.bind((address, int(port)))
        poll.register(server, selectors.EVENT_READ)
    say("listening")
    while True:
        for key, _ in poll.select():
            data, source = key.fileobj.recvfrom(2048)
            key.fileobj.sendto(data, source)


def ping(address, port, count, timeout):
    """Round trips in milliseconds, one after the other; null for what did not come back."""
    client = udp(address)
    client.settimeout(float(timeout))
    trips = []
    for number in range(int(count)):
        begun = time.monotonic()
        client.sendto(str(number).encode(), (address, int(port)))
        try:
            while client.recv(2048) != str(number).encode():
                pass
            trips.append((time.monotonic() - begun) * 1000)
        except (TimeoutError, ConnectionRefusedError):
            trips.append(None)
    say(trips)


def udp_sink(address, port):
    """Counts datagrams until one says that it is the last."""
    server = udp(address)
    server.bind((address, int(port)))
    say("listening")
    count = first = last = 0
    while (data := server.recv(2048))[:3] != b"end":
        last = time.monotonic()
        first = first or last
        count += 1
    say({"count": count, "seconds": last - first})


def udp_source(address, port, per_second, seconds):
    """Sends at an even rate."""
    client = udp(address)
    total = int(float(per_second) * float(seconds))
    begun = time.monotonic()
    sent = 0
    while sent < total:
        due = min(total, int((time.monotonic() - begun) * float(per_second)) + 1)
        for _ in range(due - sent):
            client.sendto(bytes(DATAGRAM_BYTES), (address, int(port)))
        sent = due
        time.sleep(0.001)
    time.sleep(0.5)
    for _ in range(20):
        client.sendto(b"end", (address, int(port)))
    say({"count": sent})


def tcp_sink(address, port):
    """Takes one connection to its end."""
    server = socket.create_server((address, int(port)))
    say("listening")
    stream, _ = server.accept()
    total, begun = 0, time.monotonic()
    while data := stream.recv(1 << 18):
        total += len(data)
    say({"mbit_s": total * 8 / 1e6 / (time.monotonic() - begun)})


def tcp_source(address, port, seconds):
    """Sends as much as the connection takes."""
    stream = socket.create_connection((address, int(port)))
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        stream.sendall(bytes(1 << 16))
    say("sent")


def say(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    {f.__name__: f for f in (echo, ping, udp_sink, udp_source, tcp_sink, tcp_source)}[sys.argv[1]](*sys.argv[2:])
