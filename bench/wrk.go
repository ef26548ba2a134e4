// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed wrk.lua
var wrkScript []byte

// connections is how many there are at once, under wrk and without.
const connections = 64

func findWrk() error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return fmt.Errorf("expected wrk on the PATH (apt-get install wrk, or https://github.com/wg/wrk): %w", err)
	}
	return nil
}

// wrk is the load generator, with its script on disk.
type wrk struct{ script string }

func newWrk(dir string) (*wrk, error) {
	w := &wrk{filepath.Join(dir, "wrk.lua")}
	if err := os.WriteFile(w.script, wrkScript, 0o600); err != nil {
		return nil, fmt.Errorf("writing wrk's script: %w", err)
	}
	return w, nil
}

// load is what wrk says of a run.
type load struct {
	requests int
	duration time.Duration
	// refused counts answers with a status of 400 or more, failed what got no
	// answer.
	refused, failed int
	// rounds is how often the file of requests was begun again.
	rounds   int
	p50, p99 time.Duration
}

func (l *load) rate() float64 { return float64(l.requests) / l.duration.Seconds() }

// run sends a file of requests for some seconds.
func (w *wrk) run(ctx context.Context, seconds int, url, file string, headers []string) (*load, error) {
	args := append([]string{
		"-t1", "-c" + strconv.Itoa(connections), "-d" + strconv.Itoa(seconds) + "s", "--timeout", "10s",
		"-s", w.script, url, "--", file,
	}, headers...)
	cmd := exec.CommandContext(ctx, "wrk", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running wrk: %w: %s%s", err, output, stderr.Bytes())
	}
	l, err := parseLoad(string(output))
	if err != nil {
		return nil, fmt.Errorf("reading what wrk says: %w; it says %q", err, output)
	}
	if l.failed > 0 {
		return nil, fmt.Errorf("expected an answer to every request, got none to %d of %d", l.failed, l.requests)
	}
	return l, nil
}

// parseLoad reads the line that the script prints, from among wrk's own.
func parseLoad(output string) (*load, error) {
	_, line, found := strings.Cut(output, "summary ")
	if !found {
		return nil, errors.New("expected a summary, got none")
	}
	l := new(load)
	var micros, p50, p99 int64
	var connect, read, write, timeout int
	if _, err := fmt.Sscanf(line, "requests=%d duration=%d status=%d connect=%d read=%d write=%d timeout=%d rounds=%d p50=%d p99=%d",
		&l.requests, &micros, &l.refused, &connect, &read, &write, &timeout, &l.rounds, &p50, &p99); err != nil {
		return nil, err
	}
	if l.requests == 0 || micros == 0 {
		return nil, errors.New("expected requests within some time, got none")
	}
	l.failed = connect + read + write + timeout
	l.duration = time.Duration(micros) * time.Microsecond
	l.p50, l.p99 = time.Duration(p50)*time.Microsecond, time.Duration(p99)*time.Microsecond
	return l, nil
}

// expect checks the answers of a run against the status that all of them
// should have had. wrk tells no more than whether that was 400 or above; the
// very status is asked for before and after.
func (l *load) expect(status int) error {
	want := 0
	if status >= 400 {
		want = l.requests
	}
	if l.refused != want {
		return fmt.Errorf("expected status %d for all of %d requests, got %d of 400 or above", status, l.requests, l.refused)
	}
	return nil
}
