# Copyright 2026 reachy_mini_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A subscriber that dies with a lock in Fast DDS's shared memory holds up no node for long."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness.processes import Processes
from harness.ros import RosClient
from sensor_msgs.msg import CompressedImage

TOPIC = "/held/camera/image_raw/compressed"
# Waits for messages in shared memory, on the port of its subscriptions, is the thread dds.shm.PORT;
# ports below 7400 are those of discovery. Both locks that it takes there are waited for with
# pthread_mutex_timedlock; pthread_mutex_lock is what boost takes where it was built otherwise.
DIES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die(pthread_mutex_t *mutex) {
    char name[16];
    if ((mutex->__data.__kind & 128) /* shared by processes */
        && !pthread_getname_np(pthread_self(), name, sizeof name)
        && !strncmp(name, "dds.shm.", 8) && atoi(name + 8) > 7400
        && !access(getenv("DIES_IF"), F_OK))
        raise(SIGKILL);
}
int pthread_mutex_lock(pthread_mutex_t *mutex) {
    static int (*real)(pthread_mutex_t *);
    if (!real) real = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    int result = real(mutex);
    die(mutex);
    return result;
}
int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    static int (*real)(pthread_mutex_t *, const struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
    int result = real(mutex, until);
    die(mutex);
    return result;
}
"""
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
def test_a_node_goes_on_after_a_subscriber_that_died_with_a_lock(
    processes: Processes, ros: RosClient, tmp_path: Path
) -> None:
    library, dies = tmp_path / "dies.so", tmp_path / "dies"
    compiler = ["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library), "-ldl"]
    subprocess.run(compiler, input=DIES, text=True, check=True)
    camera = processes.start_node("camera", namespace="/held", source="synthetic")
    pictures = ros.subscribe(CompressedImage, TOPIC)
    pictures.wait_count(5, 20)
    victim = processes.start(
        *(sys.executable, "-c", SUBSCRIBES, TOPIC),
        env={"LD_PRELOAD": str(library), "DIES_IF": str(dies)},
    )
    victim.wait_for_output("a picture")
    dies.touch()
    assert victim.wait() == -signal.SIGKILL
    pictures.wait_count(pictures.count + 15, 15)
    assert camera.process.poll() is None
    camera.stop_cleanly()
