package dev.millrace.benchmarks.trial;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What this process has used up: the engine and the handlers, with the compiler and the garbage collector, and the trial itself. */
record OwnCost(long cpuNanos, long allocatedBytes) {

    static OwnCost read() {
        return new OwnCost(
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime(),
                ManagementFactory.getPlatformMXBean(ThreadMXBean.class).getTotalThreadAllocatedBytes());
    }

    OwnCost since(OwnCost before) {
        return new OwnCost(cpuNanos - before.cpuNanos, allocatedBytes - before.allocatedBytes);
    }
}
