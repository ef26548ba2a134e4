// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// logName is the file of a site's log, beside its Caddyfile.
const logName = "log"

// site is a Caddy that runs.
type site struct {
	url     string
	log     string
	client  *client
	process *exec.Cmd
	cancel  context.CancelFunc
	// exited is closed when the process has ended, with exit as how.
	exited chan struct{}
	exit   error
	stderr bytes.Buffer
}

func (f *fleet) start(ctx context.Context, directives string) (*site, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config, err := f.configure(directives, address)
	if err != nil {
		return nil, err
	}
	home := filepath.Dir(config)
	ctx, cancel := context.WithCancel(ctx)
	s := &site{url: "http://" + address + "/", log: filepath.Join(home, logName), cancel: cancel, exited: make(chan struct{})}
	s.client = newClient(s.url)
	s.process = f.command(ctx, f.binary, "run", "--adapter", "caddyfile", "--config", config)
	s.process.Env, s.process.Dir = f.environment(home), home
	s.process.Stderr = &s.stderr
	s.process.Cancel = func() error { return s.process.Process.Signal(syscall.SIGTERM) }
	s.process.WaitDelay = 10 * time.Second
	if err := s.process.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("starting Caddy: %w", err)
	}
	go func() {
		s.exit = s.process.Wait()
		close(s.exited)
	}()
	return s, nil
}

// waitUntilReady waits for a good token to pass, by which time the gate has
// its keys.
func (s *site) waitUntilReady(ctx context.Context, known string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := s.client.expect(ctx, http.StatusOK, known)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for Caddy: %w: %w", ctx.Err(), err)
		case <-s.exited:
			return fmt.Errorf("waiting for Caddy: expected it to run, it has ended (%w): %s", s.exit, s.stderr.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the process and waits for its end. One that has ended by itself
// has crashed.
func (s *site) stop() error {
	s.client.close()
	defer s.cancel()
	select {
	case <-s.exited:
		return fmt.Errorf("expected Caddy to run until it is stopped, it has ended: %w: %s", s.exit, s.stderr.Bytes())
	default:
	}
	s.cancel()
	<-s.exited
	if s.exit != nil && !errors.Is(s.exit, context.Canceled) {
		return fmt.Errorf("stopping Caddy: %w", s.exit)
	}
	return nil
}

// logged gives the lines of the log from an offset on, and the offset of its
// end.
func (s *site) logged(from int64) ([]string, int64, error) {
	data, err := os.ReadFile(s.log)
	if err != nil {
		return nil, 0, fmt.Errorf("reading the log: %w", err)
	}
	var lines []string
	for line := range bytes.Lines(data[from:]) {
		lines = append(lines, string(bytes.TrimSpace(line)))
	}
	return lines, int64(len(data)), nil
}

// isLoud tells whether a line of the log has a level above info. One that
// cannot be read is loud as well.
func isLoud(line string) bool {
	var entry struct {
		Level string `json:"level"`
	}
	if json.Unmarshal([]byte(line), &entry) != nil {
		return true
	}
	return entry.Level != "debug" && entry.Level != "info"
}
