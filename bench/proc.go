// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of times in /proc/PID/stat. The kernel gives them to
// programs in hundredths of a second, whatever it counts in itself.
const clockTick = time.Second / 100

// cpu is the time that the process has spent on all cores, in itself and in
// the kernel (proc_pid_stat(5), utime and stime).
func (s *site) cpu() (time.Duration, error) {
	text, err := os.ReadFile(s.procFile("stat"))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	// The second field is the name in parentheses, which may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const state, utime, stime = 3, 14, 15
	if len(fields) <= stime-state {
		return 0, fmt.Errorf("reading the CPU time: expected %d fields or more, got %d", stime, len(fields)+state-1)
	}
	var ticks int64
	for _, field := range fields[utime-state : stime-state+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading the CPU time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// memory is what a process has in RAM, in bytes.
type memory struct{ now, peak int64 }

// memory reads proc_pid_status(5), VmRSS and VmHWM.
func (s *site) memory() (memory, error) {
	text, err := os.ReadFile(s.procFile("status"))
	if err != nil {
		return memory{}, fmt.Errorf("reading the memory: %w", err)
	}
	var m memory
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		if name != "VmRSS" && name != "VmHWM" {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("reading %s: %w", name, err)
		}
		if name == "VmRSS" {
			m.now = kilobytes << 10
		} else {
			m.peak = kilobytes << 10
		}
	}
	if m.now == 0 || m.peak == 0 {
		return memory{}, fmt.Errorf("expected VmRSS and VmHWM of the process, got %d and %d", m.now, m.peak)
	}
	return m, nil
}

func (s *site) procFile(name string) string {
	return "/proc/" + strconv.Itoa(s.process.Process.Pid) + "/" + name
}
