// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// median is the middle of the values, of which there is one at least.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// perRun gives one figure of each run.
func perRun(samples []sample, figure func(sample) float64) []float64 {
	values := make([]float64, 0, len(samples))
	for _, s := range samples {
		values = append(values, figure(s))
	}
	return values
}

// perPair gives one figure of each pair.
func (r *result) perPair(figure func(without, with sample) float64) []float64 {
	values := make([]float64, 0, len(r.with))
	for i := range r.with {
		values = append(values, figure(r.without[i], r.with[i]))
	}
	return values
}

func rateOf(s sample) float64 { return s.rate }
func cpuOf(s sample) float64  { return micros(s.cpu) }
func p50Of(s sample) float64  { return micros(s.p50) }
func p99Of(s sample) float64  { return micros(s.p99) }

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// logLines tells how many lines the gate logged in all runs together.
func (r *result) logLines() string {
	lines, loud := 0, 0
	for _, s := range r.with {
		lines += len(s.logged)
		for _, line := range s.logged {
			if isLoud(line) {
				loud++
			}
		}
	}
	if loud == 0 {
		return fmt.Sprint(lines)
	}
	return fmt.Sprintf("%d, %d above info", lines, loud)
}

func printScenarios(w io.Writer, o *options, results []result) {
	fmt.Fprintf(w, "A is Caddy without clerk_auth, B with it. Medians over pairs of runs (%d × %d s); wrk with %d connections on the same machine, %d cores, %s/%s, %s.\n\n",
		o.pairs, o.seconds, connections, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	table := make([][]string, 0, 1+len(results))
	table = append(table, []string{
		"scenario", "req/s B/A", "min", "max", "req/s A", "req/s B",
		"CPU/req A (µs)", "CPU/req B (µs)", "B−A (µs)",
		"p50 A (ms)", "p50 B (ms)", "p99 A (ms)", "p99 B (ms)", "log lines",
	})
	for _, r := range results {
		table = append(table, r.row())
	}
	printTable(w, table)
}

func (r *result) row() []string {
	ratios := r.perPair(func(without, with sample) float64 { return with.rate / without.rate })
	difference := r.perPair(func(without, with sample) float64 { return micros(with.cpu - without.cpu) })
	number := func(decimals int, value float64) string { return fmt.Sprintf("%.*f", decimals, value) }
	middle := func(decimals int, samples []sample, figure func(sample) float64) string {
		return number(decimals, median(perRun(samples, figure)))
	}
	millis := func(samples []sample, figure func(sample) float64) string {
		return number(2, median(perRun(samples, figure))/1000)
	}
	return []string{
		r.name, number(3, median(ratios)), number(3, slices.Min(ratios)), number(3, slices.Max(ratios)),
		middle(0, r.without, rateOf), middle(0, r.with, rateOf),
		middle(1, r.without, cpuOf), middle(1, r.with, cpuOf), number(1, median(difference)),
		millis(r.without, p50Of), millis(r.with, p50Of), millis(r.without, p99Of), millis(r.with, p99Of),
		r.logLines(),
	}
}

// printTable writes Markdown. All columns but the first are of figures.
func printTable(w io.Writer, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|---%s|\n", strings.Repeat("|--:", len(row)-1))
		}
	}
	fmt.Fprintln(w)
}
