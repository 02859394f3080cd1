# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A subscriber that dies amid its work in Fast DDS's shared memory holds up no node for long."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness.processes import Processes
from harness.ros import RosClient
from sensor_msgs.msg import CompressedImage

# Waits for messages in shared memory, on the port of its subscriptions, is the thread dds.shm.PORT;
# ports below 7400 are those of discovery. Both locks that it takes there are waited for with
# pthread_mutex_timedlock; pthread_mutex_lock is what boost takes where it was built otherwise.
# It wakes others only while it has a message in hand. That it is dead is found out after 1 to 3 s:
# until then SLOW_SINCE has a sender come late to each lock, so that it happens after the sender has
# looked whether the port is in order.
DIES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int shared(pthread_mutex_t *mutex) { return mutex->__data.__kind & 128; } /* by processes */
static void die(const char *how) {
    char name[16];
    if (getenv(how) && !pthread_getname_np(pthread_self(), name, sizeof name)
        && !strncmp(name, "dds.shm.", 8) && atoi(name + 8) > 7400
        && !access(getenv(how), F_OK))
        raise(SIGKILL);
}
int pthread_mutex_lock(pthread_mutex_t *mutex) {
    static int (*real)(pthread_mutex_t *);
    if (!real) real = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    int result = real(mutex);
    if (shared(mutex)) die("DIES_WITH_A_LOCK_IF");
    return result;
}
int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    static int (*real)(pthread_mutex_t *, const struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
    struct timespec later = *until;
    struct stat since;
    char name[16];
    if (getenv("SLOW_SINCE") && shared(mutex) && !stat(getenv("SLOW_SINCE"), &since)
        && time(0) - since.st_mtime < 5
        && !pthread_getname_np(pthread_self(), name, sizeof name) && strncmp(name, "dds.", 4)) {
        usleep(50000);
        later.tv_sec += 1;
    }
    int result = real(mutex, &later);
    if (shared(mutex)) die("DIES_WITH_A_LOCK_IF");
    return result;
}
int pthread_cond_signal(pthread_cond_t *condition) {
    static int (*real)(pthread_cond_t *);
    if (!real) real = dlsym(RTLD_NEXT, "pthread_cond_signal");
    die("DIES_WITH_A_MESSAGE_IF");
    return real(condition);
}
"""
WITH_A_LOCK, WITH_A_MESSAGE = "DIES_WITH_A_LOCK_IF", "DIES_WITH_A_MESSAGE_IF"
SUBSCRIBES = """
import sys
import rclpy
from sensor_msgs.msg import CompressedImage

rclpy.init()
node = rclpy.create_node("victim")
told = lambda _: print("a picture", flush=True)
node.create_subscription(CompressedImage, sys.argv[1], told, 10)
rclpy.spin(node)
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
@pytest.mark.parametrize("how", [WITH_A_LOCK, WITH_A_MESSAGE])
def test_a_node_goes_on_after_a_subscriber_that_died(
    processes: Processes, ros: RosClient, tmp_path: Path, how: str
) -> None:
    namespace = f"/{how.lower()}"
    topic = f"{namespace}/camera/image_raw/compressed"
    library, dies = tmp_path / "dies.so", tmp_path / "dies"
    compiler = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library), "-ldl"]
    subprocess.run(compiler, input=DIES, text=True, check=True)
    preloads = {"LD_PRELOAD": str(library)}
    slow = {**preloads, "SLOW_SINCE": str(dies)} if how == WITH_A_MESSAGE else {}
    camera = processes.start_node("camera", namespace=namespace, env=slow, source="synthetic")
    pictures = ros.subscribe(CompressedImage, topic)
    pictures.wait_count(5, 20)
    victim = processes.start(
        *(sys.executable, "-c", SUBSCRIBES, topic), env={**preloads, how: str(dies)}
    )
    victim.wait_for_output("a picture")
    dies.touch()
    assert victim.wait() == -signal.SIGKILL
    pictures.wait_count(pictures.count + 60, 15)
    assert camera.process.poll() is None
    camera.stop_cleanly()
