// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// client sends requests where their number matters rather than their speed,
// which wrk cannot do.
type client struct {
	url  string
	http *http.Client
}

func newClient(url string) *client {
	return &client{url, &http.Client{
		Transport:     &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// send gives the status of the answer to a request with these header lines.
func (c *client) send(ctx context.Context, lines ...string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, nil)
	if err != nil {
		return 0, fmt.Errorf("making a request: %w", err)
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	// Only what was read to its end leaves the connection to the next request.
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// expect sends a request and checks the status of its answer.
func (c *client) expect(ctx context.Context, status int, lines ...string) error {
	got, err := c.send(ctx, lines...)
	if err != nil {
		return fmt.Errorf("sending a request: %w", err)
	}
	if got != status {
		return fmt.Errorf("expected status %d, got %d", status, got)
	}
	return nil
}

// expectAll sends a request for each line, over as many connections as wrk
// has.
func (c *client) expectAll(ctx context.Context, status int, lines iter.Seq2[string, error]) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan string, connections)
	var workers sync.WaitGroup
	var sent atomic.Int64
	for range connections {
		workers.Go(func() {
			for line := range queue {
				if ctx.Err() != nil {
					continue
				}
				if err := c.expect(ctx, status, line); err != nil {
					cancel(fmt.Errorf("after %d requests: %w", sent.Load(), err))
				}
				sent.Add(1)
			}
		})
	}
	for line, err := range lines {
		if err != nil {
			cancel(err)
		}
		if ctx.Err() != nil {
			break
		}
		queue <- line
	}
	close(queue)
	workers.Wait()
	return context.Cause(ctx)
}
