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

// perRound gives one figure of each round: of a site beside the one without a
// gate.
func (r *result) perRound(v variant, figure func(a, other sample) float64) []float64 {
	values := make([]float64, 0, len(r.runs[v]))
	for i := range r.runs[v] {
		values = append(values, figure(r.runs[plain][i], r.runs[v][i]))
	}
	return values
}

func ratio(a, other sample) float64      { return other.rate / a.rate }
func difference(a, other sample) float64 { return micros(other.cpu - a.cpu) }

func rateOf(s sample) float64 { return s.rate }
func cpuOf(s sample) float64  { return micros(s.cpu) }
func p99Of(s sample) float64  { return micros(s.p99) / 1000 } // in milliseconds

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// logLines tells how many lines the gate logged in all runs together.
func (r *result) logLines() string {
	lines, loud := 0, 0
	for _, s := range r.runs[gate] {
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
	fmt.Fprintf(w, "A is Caddy without a gate, F with the least that any gate must do, B with clerk_auth. Medians over rounds of runs (%d × %d s); wrk with %d connections on the same machine, %d cores, %s/%s, %s.\n\n",
		o.rounds, o.seconds, connections, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	table := make([][]string, 0, 1+len(results))
	table = append(table, []string{
		"scenario", "req/s A", "F/A", "B/A", "B/A min", "B/A max",
		"CPU/req A (µs)", "F−A (µs)", "B−A (µs)",
		"p99 A (ms)", "p99 F (ms)", "p99 B (ms)", "log lines",
	})
	for _, r := range results {
		table = append(table, r.row())
	}
	printTable(w, table)
}

func (r *result) row() []string {
	number := func(decimals int, value float64) string { return fmt.Sprintf("%.*f", decimals, value) }
	middle := func(v variant, decimals int, figure func(sample) float64) string {
		return number(decimals, median(perRun(r.runs[v], figure)))
	}
	paired := func(v variant, decimals int, figure func(a, other sample) float64) string {
		return number(decimals, median(r.perRound(v, figure)))
	}
	ratios := r.perRound(gate, ratio)
	return []string{
		r.name, middle(plain, 0, rateOf), paired(floor, 3, ratio), paired(gate, 3, ratio),
		number(3, slices.Min(ratios)), number(3, slices.Max(ratios)),
		middle(plain, 1, cpuOf), paired(floor, 1, difference), paired(gate, 1, difference),
		middle(plain, 2, p99Of), middle(floor, 2, p99Of), middle(gate, 2, p99Of),
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
