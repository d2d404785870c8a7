#!/usr/bin/env python3
"""One to three nodes of Apache Cassandra on loopback, for the tests of natter's CQL engine.

    kit.py start [--nodes N] [--port P] [--dir D] [--commitlog batch|periodic] [--heap MB] [--password] [--tls]
    kit.py stop [--wipe] | status | kill K | pause K | resume K | revive K        (each with the --dir of its start)

`start` waits until every node answers and prints their addresses on one line, with commas between: the value of
NATTER_TEST_CQL. Node K listens on 127.0.0.K. With --password clients must log in (cassandra/cassandra); with --tls
they must speak TLS, and DIR/ca.pem is what they are to trust. It needs a JDK 17 and Maven, which fetches the server
once, and no root. It ends only processes that it started.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 180
STOP_SECONDS = 20
# What the server reaches into, by reflection, behind the walls of JDK 17.
EXPORTS = """java.base/jdk.internal.misc java.base/jdk.internal.ref java.base/sun.nio.ch java.management.rmi/com.sun.jmx.remote.internal.rmi
java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql jdk.attach/sun.tools.attach jdk.compiler/com.sun.tools.javac.file""".split()
OPENS = """java.base/java.io java.base/java.lang java.base/java.lang.reflect java.base/java.nio java.base/java.util
java.base/java.util.concurrent java.base/java.util.concurrent.atomic java.base/jdk.internal.loader java.base/jdk.internal.math
java.base/jdk.internal.misc java.base/jdk.internal.module java.base/jdk.internal.ref java.base/jdk.internal.reflect
java.base/jdk.internal.util.jar java.base/sun.nio.ch jdk.compiler/com.sun.tools.javac.file
jdk.management/com.sun.management.internal""".split()


def fail(message):
    sys.exit(f"kit.py: {message}")


class Cluster:
    """What runs, or ran, in one directory."""

    def __init__(self, directory):
        self.directory = directory
        self.file = directory / "cluster.json"
        self.settings = json.loads(self.file.read_text()) if self.file.exists() else None

    def node(self, number):
        return self.directory / f"node{number}"

    def numbers(self):
        return range(1, self.settings["nodes"] + 1) if self.settings else range(0)

    def address(self, number):
        return f"127.0.0.{number}"

    def pid(self, number):
        """The process of a node, if it is there and is ours."""
        try:
            pid = int((self.node(number) / "pid").read_text())
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if f"-Dcassandra.storagedir={self.node(number)}".encode() in command else None

    def answers(self, number):
        """Whether the node takes connections; it listens for clients when it is ready for them."""
        try:
            with socket.create_connection((self.address(number), self.settings["port"]), timeout=1):
                return True
        except OSError:
            return False

    def signal(self, number, which):
        pid = self.pid(number)
        if pid is None:
            fail(f"node {number} does not run")
        os.kill(pid, which)

    def launch(self, number, jars):
        node = self.node(number)
        (node / "tmp").mkdir(parents=True, exist_ok=True)
        (node / "cassandra.yaml").write_text(json.dumps(self.configuration(number), indent=1))
        agent = [jar for jar in jars if pathlib.Path(jar).name.startswith("jamm-")]
        java = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else "java"
        command = [
            java, "-server", "-ea", "-Xss512k", "-Xms256m", f"-Xmx{self.settings['heap']}m", "-XX:+UseG1GC",
            "-XX:+ExitOnOutOfMemoryError", "-XX:+PerfDisableSharedMem", "-Djava.net.preferIPv4Stack=true",
            *[f"--add-exports={name}=ALL-UNNAMED" for name in EXPORTS],
            *[f"--add-opens={name}=ALL-UNNAMED" for name in OPENS],
            *[f"-javaagent:{jar}" for jar in agent],
            "-Djdk.attach.allowAttachSelf=true", "-Dio.netty.tryReflectionSetAccessible=true",
            # The first node is alone, and the others hear of it at once: nobody need wait for gossip.
            "-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=500",
            "-Dcassandra.superuser_setup_delay_ms=0", "-Dcassandra-foreground=yes",
            # A node that misses a change of the schema asks for it within a second, not within a minute.
            "-Dcassandra.schema_pull_interval_ms=1000",
            f"-Dcassandra.config=file://{node / 'cassandra.yaml'}", f"-Dcassandra.storagedir={node}",
            f"-Dcassandra.logdir={node}", f"-Djava.io.tmpdir={node / 'tmp'}",
            f"-Dlogback.configurationFile={HERE / 'logback.xml'}",
            "-cp", os.pathsep.join(jars), "org.apache.cassandra.service.CassandraDaemon",
        ]
        with open(node / "log", "ab") as log:
            process = subprocess.Popen(
                command, cwd=node, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        (node / "pid").write_text(str(process.pid))
        # A process that has only just begun does not tell its command line yet, by which it is known as ours.
        for _ in range(500):
            if self.pid(number) is not None or process.poll() is not None:
                break
            time.sleep(0.01)

    def configuration(self, number):
        settings, node = self.settings, self.node(number)
        seeds = ",".join(f"{self.address(seed)}:{settings['storage_port']}" for seed in self.numbers())
        token = -2**63 + (number - 1) * (2**64 // settings["nodes"])
        batch = {"commitlog_sync": "batch"}
        periodic = {"commitlog_sync": "periodic", "commitlog_sync_period": "1000ms"}
        secured = {
            "client_encryption_options": {
                "enabled": True, "optional": False, "keystore": str(self.directory / "keystore.p12"),
                "keystore_password": "natter", "store_type": "PKCS12", "require_client_auth": False,
            }
        }
        return {
            "cluster_name": f"natter {settings['port']}", "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "num_tokens": 1, "initial_token": str(token), "auto_bootstrap": False, "endpoint_snitch": "SimpleSnitch",
            "seed_provider": [{
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": [{"seeds": seeds}]}],
            "listen_address": self.address(number), "storage_port": settings["storage_port"],
            "rpc_address": self.address(number), "native_transport_port": settings["port"],
            "authenticator": "PasswordAuthenticator" if settings["password"] else "AllowAllAuthenticator",
            "data_file_directories": [str(node / "data")], "commitlog_directory": str(node / "commitlog"),
            "saved_caches_directory": str(node / "caches"), "hints_directory": str(node / "hints"),
            "cdc_raw_directory": str(node / "cdc"), "auto_snapshot": False, "disk_failure_policy": "die",
            "commit_failure_policy": "die", "storage_compatibility_mode": "NONE",
            "memtable_heap_space": "128MiB", "memtable_offheap_space": "64MiB", "concurrent_compactors": 1,
            "commitlog_total_space": "512MiB", "file_cache_size": "64MiB", "networking_cache_size": "32MiB",
            # A machine that is busy must not fail a test, so these are longer than the defaults.
            "read_request_timeout": "10s", "range_request_timeout": "10s", "write_request_timeout": "10s",
            "request_timeout": "10s", "cas_contention_timeout": "5s", "slow_query_log_timeout": "10s",
            **(batch if settings["commitlog"] == "batch" else periodic), **(secured if settings["tls"] else {}),
        }

    def wait(self, number):
        until = time.monotonic() + START_SECONDS
        while not self.answers(number):
            if self.pid(number) is None:
                lines = (self.node(number) / "log").read_text(errors="replace").splitlines()[-30:]
                fail("\n".join([*lines, f"node {number} ended"]))
            if time.monotonic() > until:
                fail(f"node {number} did not answer within {START_SECONDS} s; see {self.node(number) / 'log'}")
            time.sleep(0.2)

    def write_certificate(self):
        """A certificate for all nodes, signed by itself, so that whoever trusts it needs no other."""
        store = self.directory / "keystore.p12"
        if store.exists():
            return
        names = ",".join(f"ip:{self.address(number)}" for number in self.numbers())
        common = ["keytool", "-keystore", str(store), "-storetype", "PKCS12", "-storepass", "natter", "-alias", "node"]
        subprocess.run([*common, "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "30",
                        "-dname", "CN=natter test node", "-ext", f"san={names},dns:localhost"], check=True, capture_output=True)
        pem = subprocess.run([*common, "-exportcert", "-rfc"], check=True, capture_output=True).stdout
        (self.directory / "ca.pem").write_bytes(pem)


def jars():
    """The class path, which Maven is asked for once."""
    mark = hashlib.sha256((HERE / "pom.xml").read_bytes()).hexdigest()[:16]
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "natter-tests"
    listing = cache / f"cassandra-{mark}.classpath"
    if listing.exists():
        known = listing.read_text().split(os.pathsep)
        if all(os.path.exists(jar) for jar in known):
            return known
    if shutil.which("mvn") is None:
        fail("Maven (mvn) is needed to fetch the server once")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        found = pathlib.Path(scratch) / "classpath"
        subprocess.run(["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"),
                        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath",
                        f"-Dmdep.outputFile={found}"], check=True, stdout=sys.stderr)
        text = found.read_text().strip()
    listing.write_text(text)
    return text.split(os.pathsep)


def free_port():
    """A port for clients that is free on every address, as is the one above it, for the nodes among themselves."""
    for _ in range(100):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        try:
            for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
                for number in (port, port + 1):
                    with socket.socket() as probe:
                        probe.bind((address, number))
        except (OSError, OverflowError):
            continue
        return port
    fail("there is no free port")


def start(cluster, options):
    if cluster.settings is None:
        cluster.directory.mkdir(parents=True, exist_ok=True)
        port = options.port or free_port()
        heap = options.heap or (768 if options.nodes == 1 else 512)
        cluster.settings = {
            "nodes": options.nodes, "port": port, "storage_port": port + 1, "heap": heap,
            "commitlog": options.commitlog, "password": options.password, "tls": options.tls,
        }
        cluster.file.write_text(json.dumps(cluster.settings))
    if cluster.settings["tls"]:
        cluster.write_certificate()
    class_path = jars()
    # One after the other: nodes that start at once do not know each other when they first answer.
    for number in cluster.numbers():
        if cluster.pid(number) is None:
            cluster.launch(number, class_path)
        cluster.wait(number)
    print(",".join(f"{cluster.address(number)}:{cluster.settings['port']}" for number in cluster.numbers()))


def stop(cluster, wipe):
    left = [number for number in cluster.numbers() if cluster.pid(number) is not None]
    for number in left:
        cluster.signal(number, signal.SIGCONT)
        cluster.signal(number, signal.SIGKILL if wipe else signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while any(cluster.pid(number) is not None for number in left):
        if time.monotonic() > until:
            for number in left:
                if cluster.pid(number) is not None:
                    cluster.signal(number, signal.SIGKILL)
        time.sleep(0.1)
    if wipe and cluster.settings:
        shutil.rmtree(cluster.directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "stop", "status", "kill", "pause", "resume", "revive"])
    parser.add_argument("node", nargs="?", type=int, choices=[1, 2, 3])
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "natter-cassandra")
    parser.add_argument("--nodes", type=int, choices=[1, 2, 3], default=1)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--heap", type=int, help="megabytes for each node")
    parser.add_argument("--commitlog", choices=["batch", "periodic"], default="periodic")
    for flag in ("--password", "--tls", "--wipe"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    cluster = Cluster(options.dir.resolve())
    if options.command == "start":
        return start(cluster, options)
    if options.command == "stop":
        return stop(cluster, options.wipe)
    if cluster.settings is None:
        fail(f"nothing was started in {cluster.directory}")
    if options.command == "status":
        for number in cluster.numbers():
            pid = cluster.pid(number)
            state = "down" if pid is None else "up" if cluster.answers(number) else "not answering"
            print(f"{cluster.address(number)}:{cluster.settings['port']} {pid or '-'} {state}")
        return None
    if options.node not in cluster.numbers():
        fail("which node?")
    if options.command == "revive":
        if cluster.pid(options.node) is None:
            cluster.launch(options.node, jars())
        return cluster.wait(options.node)
    which = {"kill": signal.SIGKILL, "pause": signal.SIGSTOP, "resume": signal.SIGCONT}[options.command]
    return cluster.signal(options.node, which)


if __name__ == "__main__":
    main()
