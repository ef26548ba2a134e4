// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// proxyPath is what is asked of the Frontend API.
const proxyPath = "__clerk/v1/client"

// measureProxy compares clerk_proxy with the reverse_proxy that it is made of. Both
// have a plain site as the Frontend API behind them.
func measureProxy(ctx context.Context, f *fleet, m *material, o *options) error {
	w, err := newWrk(m.dir)
	if err != nil {
		return err
	}
	file, err := m.knownCookie()
	if err != nil {
		return err
	}
	f.options = "clerk {\n\t\tpublishable_key " + publishableKey() + "\n\t\tsecret_key sk_live_bench\n\t}"
	runs := make([][]sample, len(proxies))
	err = f.withSite(ctx, `respond "ok"`, func(frontendAPI *site) error {
		for round := range o.rounds {
			order := []int{0, 1}
			if round%2 == 1 {
				slices.Reverse(order)
			}
			for _, i := range order {
				sample, err := f.runProxy(ctx, w, file, o.seconds, strings.ReplaceAll(proxies[i], "UPSTREAM", strings.TrimSuffix(frontendAPI.url, "/")))
				if err != nil {
					return err
				}
				runs[i] = append(runs[i], sample)
			}
			a, b := runs[0][round].rate, runs[1][round].rate
			progress("proxy, round %d of %d: reverse_proxy %.0f requests/s, clerk_proxy %.0f; ratio %.3f", round+1, o.rounds, a, b, b/a)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("comparing proxies: %w", err)
	}
	printProxies(runs[0], runs[1])
	return nil
}

// proxies are the sites that are compared. The first streams and leaves encodings
// alone, as the second does.
var proxies = []string{
	`handle_path /__clerk/* {
		reverse_proxy UPSTREAM {
			flush_interval -1
			transport http {
				compression off
			}
		}
	}
	respond "ok"`,
	`clerk_proxy {
		upstream UPSTREAM
	}
	respond "ok"`,
}

func (f *fleet) runProxy(ctx context.Context, w *wrk, file string, seconds int, directives string) (result sample, err error) {
	err = f.withSite(ctx, directives, func(s *site) error {
		url := s.url + proxyPath
		if _, err := w.run(ctx, warmUpSeconds, url, file, browserHeaders); err != nil {
			return fmt.Errorf("warming up: %w", err)
		}
		before, err := s.cpu()
		if err != nil {
			return err
		}
		l, err := w.run(ctx, seconds, url, file, browserHeaders)
		if err != nil {
			return err
		}
		after, err := s.cpu()
		if err != nil {
			return err
		}
		result = sample{rate: l.rate(), cpu: (after - before) / time.Duration(l.requests), p99: l.p99}
		return l.expect(http.StatusOK)
	})
	return result, err
}

func printProxies(a, b []sample) {
	fmt.Printf("clerk_proxy beside the reverse_proxy that it is made of, medians of %d rounds:\n\n", len(a))
	row := func(name string, runs []sample) []string {
		return []string{
			name, fmt.Sprintf("%.0f", median(perRun(runs, rateOf))), fmt.Sprintf("%.1f", median(perRun(runs, cpuOf))), fmt.Sprintf("%.2f", median(perRun(runs, p99Of))),
		}
	}
	ratios := make([]float64, 0, len(a))
	for i := range a {
		ratios = append(ratios, ratio(a[i], b[i]))
	}
	printTable(os.Stdout, [][]string{
		{"", "requests/s", "CPU/request (µs)", "p99 (ms)"},
		row("reverse_proxy", a), row("clerk_proxy", b),
		{"ratio, median of the rounds", fmt.Sprintf("%.3f", median(ratios)), "", ""},
	})
}
