// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// warmReloads come before the first measurement, so that it is not of a
	// process that has only just begun.
	warmReloads = 20
	// brokenEvery is how many reloads there are to one that has to fail.
	brokenEvery = 10
	// betweenReloads lets some requests be answered by each configuration.
	betweenReloads = 50 * time.Millisecond
	// attempts is how often a request is sent whose connection was closed before
	// there was an answer, as a browser does: with SO_REUSEPORT, which Caddy's
	// listeners have, the kernel resets connections that wait for a socket that is
	// closed. It happens without a gate as well.
	attempts     = 5
	attemptPause = 10 * time.Millisecond
	// settling is how long servers that are going may take.
	settling = 15 * time.Second
)

// soak is what came of the requests during the reloads of one site.
type soak struct {
	sent, again, failed atomic.Int64
	first               atomic.Pointer[error] // of the failures
}

// remains is what a site has at one moment.
type remains struct{ goroutines, heap, resident int64 }

// soaked is all that is printed of one site.
type soaked struct {
	*soak
	reloads, refused int
	took             time.Duration
	before, after    remains
	fetches          int64
}

// measureReloads reloads both sites while requests come in all the time, and
// compares what is left behind.
func measureReloads(ctx context.Context, f *fleet, m *material, n int) error {
	var results [2]*soaked
	for i, v := range []variant{plain, gate} {
		progress("reloading %s %d times", v, n)
		var err error
		if f.admin, err = freeAddress(); err != nil {
			return err
		}
		err = f.with(ctx, v, func(s *site) error {
			results[i], err = f.soak(ctx, s, v, m, n)
			return err
		})
		f.admin = ""
		if err != nil {
			return err
		}
	}
	printReloads(results[0], results[1])
	if failure := results[1].first.Load(); failure != nil {
		return fmt.Errorf("during reloads: %w", *failure)
	}
	return nil
}

// soak reloads one site.
func (f *fleet) soak(ctx context.Context, s *site, v variant, m *material, n int) (*soaked, error) {
	config, err := os.ReadFile(filepath.Join(filepath.Dir(s.log), "Caddyfile"))
	if err != nil {
		return nil, fmt.Errorf("reading the Caddyfile: %w", err)
	}
	r := &reloader{site: s, admin: "http://" + f.admin, config: string(config), breakable: v == gate}
	if _, err := s.soak(ctx, m, func() error { return r.reload(ctx, warmReloads) }); err != nil {
		return nil, err
	}
	result := new(soaked)
	if result.before, err = r.remains(ctx, 0); err != nil {
		return nil, err
	}
	fetched, start, refused := f.keys.fetches.Load(), time.Now(), r.refused
	if result.soak, err = s.soak(ctx, m, func() error { return r.reload(ctx, n) }); err != nil {
		return nil, err
	}
	result.reloads, result.refused, result.took = n, r.refused-refused, time.Since(start)
	result.fetches = f.keys.fetches.Load() - fetched
	result.after, err = r.remains(ctx, result.before.goroutines)
	return result, err
}

// soak sends requests for as long as use takes.
func (s *site) soak(ctx context.Context, m *material, use func() error) (*soak, error) {
	ctx, cancel := context.WithCancel(ctx)
	result := new(soak)
	var workers sync.WaitGroup
	for n := range connections {
		line := bearer(m.people[n%len(m.people)])
		workers.Go(func() {
			for ctx.Err() == nil {
				result.send(ctx, s.client, line)
			}
		})
	}
	err := use()
	cancel()
	workers.Wait()
	s.client.close()
	return result, err
}

// send sends one request, and counts what becomes of it.
func (r *soak) send(ctx context.Context, c *client, line string) {
	r.sent.Add(1)
	// The request is to come to its end when the others do.
	whole := context.WithoutCancel(ctx)
	var err error
	for n := range attempts {
		if n > 0 {
			r.again.Add(1)
			time.Sleep(attemptPause)
		}
		var status int
		status, err = c.send(whole, line)
		if err == nil && status == http.StatusOK {
			return
		}
		if err == nil {
			err = fmt.Errorf("expected status %d, got %d", http.StatusOK, status)
			break
		}
	}
	r.failed.Add(1)
	r.first.CompareAndSwap(nil, &err)
}

// reloader gives a site one configuration after the other.
type reloader struct {
	site          *site
	admin, config string
	// breakable tells that there is a way to break the configuration.
	breakable      bool
	loads, refused int
}

func (r *reloader) reload(ctx context.Context, n int) error {
	for i := range n {
		r.loads++
		next := strings.Replace(r.config, `"ok"`, `"ok `+strconv.Itoa(r.loads)+`"`, 1)
		if r.breakable && i%brokenEvery == 0 {
			broken := strings.Replace(next, "authorized_parties", "clock_skew 1h\n\t\tauthorized_parties", 1)
			if status, err := r.load(ctx, broken); err != nil || status == http.StatusOK {
				return fmt.Errorf("expected a bad configuration to be refused, got status %d (%v)", status, err)
			}
			r.refused++
		}
		status, err := r.load(ctx, next)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("reload %d: expected status %d, got %d", r.loads, http.StatusOK, status)
		}
		time.Sleep(betweenReloads)
	}
	return nil
}

// load gives the status of the answer to a new configuration.
func (r *reloader) load(ctx context.Context, config string) (int, error) {
	body, status, err := r.ask(ctx, http.MethodPost, "/load", config)
	if err == nil && status != http.StatusOK && !bytes.Contains(body, []byte("clock_skew")) {
		err = fmt.Errorf("reloading: %d: %s", status, body)
	}
	return status, err
}

// ask speaks to the admin endpoint, which is a new one after each reload.
func (r *reloader) ask(ctx context.Context, method, path, body string) (answer []byte, status int, err error) {
	for range attempts {
		if answer, status, err = r.askOnce(ctx, method, path, body); err == nil {
			return answer, status, nil
		}
	}
	return nil, 0, fmt.Errorf("asking the admin endpoint: %w", err)
}

func (r *reloader) askOnce(ctx context.Context, method, path, body string) (answer []byte, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, method, r.admin+path, strings.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Content-Type", "text/caddyfile")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return answer, resp.StatusCode, err
}

var (
	goroutineTotal = regexp.MustCompile(`goroutine profile: total (\d+)`)
	heapInUse      = regexp.MustCompile(`# HeapAlloc = (\d+)`)
)

// remains measures the site once it has settled: when it has as few goroutines
// as it had, or has had the time for it.
func (r *reloader) remains(ctx context.Context, goroutines int64) (remains, error) {
	var now remains
	for deadline := time.Now().Add(settling); ; {
		var err error
		if now.goroutines, err = r.figure(ctx, "/debug/pprof/goroutine?debug=1", goroutineTotal); err != nil {
			return now, err
		}
		if goroutines > 0 && now.goroutines <= goroutines || time.Now().After(deadline) {
			break
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(time.Second):
		}
	}
	var err error
	if now.heap, err = r.figure(ctx, "/debug/pprof/heap?gc=1&debug=1", heapInUse); err != nil {
		return now, err
	}
	memory, err := r.site.memory()
	now.resident = memory.now
	return now, err
}

func (r *reloader) figure(ctx context.Context, path string, pattern *regexp.Regexp) (int64, error) {
	answer, status, err := r.ask(ctx, http.MethodGet, path, "")
	if err != nil {
		return 0, err
	}
	match := pattern.FindSubmatch(answer)
	if match == nil {
		return 0, fmt.Errorf("expected %s in %s, got status %d", pattern, path, status)
	}
	return strconv.ParseInt(string(match[1]), 10, 64)
}

func printReloads(a, b *soaked) {
	fmt.Printf("%d reloads under %d connections, each of which sends one request after the other:\n\n", b.reloads, connections)
	row := func(name string, figure func(*soaked) string) []string { return []string{name, figure(a), figure(b)} }
	change := func(unit float64, format string, figure func(remains) int64) func(*soaked) string {
		return func(s *soaked) string {
			return fmt.Sprintf(format+" → "+format, float64(figure(s.before))/unit, float64(figure(s.after))/unit)
		}
	}
	count := func(figure func(*soaked) int64) func(*soaked) string {
		return func(s *soaked) string { return strconv.FormatInt(figure(s), 10) }
	}
	printTable(os.Stdout, [][]string{
		{"", "A", "B"},
		row("took", func(s *soaked) string { return s.took.Round(time.Second).String() }),
		row("bad configurations in between, all refused", func(s *soaked) string { return strconv.Itoa(s.refused) }),
		row("requests", count(func(s *soaked) int64 { return s.sent.Load() })),
		row("failed", count(func(s *soaked) int64 { return s.failed.Load() })),
		row("sent again, since the connection was closed", count(func(s *soaked) int64 { return s.again.Load() })),
		row("fetches of the key set", count(func(s *soaked) int64 { return s.fetches })),
		row("goroutines", change(1, "%.0f", func(r remains) int64 { return r.goroutines })),
		row("heap in use (MB)", change(1<<20, "%.1f", func(r remains) int64 { return r.heap })),
		row("in RAM (VmRSS, MB)", change(1<<20, "%.1f", func(r remains) int64 { return r.resident })),
	})
}
