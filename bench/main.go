// SPDX-License-Identifier: Apache-2.0

// Command bench measures what clerk_auth costs. The same requests go in turn to
// a Caddy without a gate, to one with the least that any gate must do, and to
// one with clerk_auth, so that what it prints are ratios and differences, which
// say more than the figures of one machine.
//
//	go run ./bench                          # all scenarios, under wrk
//	go run ./bench -only first,garbage      # some of them
//	go run ./bench -only none -kids 20000   # fetches that unknown keys cause
//	go run ./bench -only none -memory 100000
//	go run ./bench -only none -reloads 1000 # reloads under load
//	go run ./bench -only none -proxy        # clerk_proxy beside reverse_proxy
//	go run ./bench -only header -gate "require role org:admin"
//
// It prints Markdown on the standard output, and how far it is on the standard
// error. It reads what processes take from /proc, and so needs Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

type options struct {
	caddy, dir, only, gate string

	rounds, seconds, tokens, kids, memory, reloads int

	proxy bool
}

func main() {
	o := parseOptions()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseOptions() *options {
	o := new(options)
	flag.StringVar(&o.caddy, "caddy", "", "the `path` of a built ./bench/caddy; without it, it is built")
	flag.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "caddy-clerk-bench"), "the `folder` that keeps the key and the signed tokens for the next time")
	flag.StringVar(&o.only, "only", "", "the scenarios to run, as the beginnings of their `names`, with commas; none for none (default all)")
	flag.StringVar(&o.gate, "gate", "", "further `subdirectives` of the gate, such as \"require role org:admin\", which everybody must meet")
	flag.IntVar(&o.rounds, "rounds", 9, "how many runs to make of each scenario and each site")
	flag.IntVar(&o.seconds, "seconds", 4, "how long each run takes")
	flag.IntVar(&o.tokens, "tokens", 300_000, "how many distinct tokens to have for the scenarios that send each once")
	flag.IntVar(&o.kids, "kids", 0, "send this many tokens that name unknown keys, and count the fetches of the key set")
	flag.IntVar(&o.memory, "memory", 0, "send this many distinct tokens once each, and compare the memory with the gate and without")
	flag.IntVar(&o.reloads, "reloads", 0, "reload the configuration this many times under load, and compare what is left behind with the gate and without")
	flag.BoolVar(&o.proxy, "proxy", false, "compare clerk_proxy with reverse_proxy, in -rounds rounds of -seconds")
	flag.Parse()
	return o
}

func (o *options) check() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("expected linux, for its /proc, got %s", runtime.GOOS)
	}
	if flag.NArg() > 0 {
		return fmt.Errorf("expected flags only, got %q", flag.Arg(0))
	}
	for _, f := range []struct {
		name       string
		value, min int
	}{
		{"rounds", o.rounds, 1}, {"seconds", o.seconds, 1}, {"tokens", o.tokens, 1}, {"kids", o.kids, 0}, {"memory", o.memory, 0}, {"reloads", o.reloads, 0},
	} {
		if f.value < f.min {
			return fmt.Errorf("-%s: expected %d or more, got %d", f.name, f.min, f.value)
		}
	}
	return nil
}

// run sets up what all measurements share, and makes those that were asked for.
func run(ctx context.Context, o *options) error {
	if err := o.check(); err != nil {
		return err
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	if len(chosen) > 0 || o.proxy {
		if err := findWrk(); err != nil {
			return err
		}
	}
	temp, err := os.MkdirTemp("", "caddy-clerk-bench-run-")
	if err != nil {
		return fmt.Errorf("making a folder for this run: %w", err)
	}
	defer os.RemoveAll(temp)

	m, err := prepareMaterial(ctx, o, chosen, temp)
	if err != nil {
		return err
	}
	keys, err := serveKeys(m.key)
	if err != nil {
		return err
	}
	defer keys.close()
	f := &fleet{binary: o.caddy, dir: temp, keys: keys, gate: o.gate, known: bearer(m.people[0])}
	if err := f.prepare(ctx); err != nil {
		return err
	}
	return measure(ctx, o, chosen, m, f)
}

// measure goes on after a scenario whose log was not quiet, since its figures
// are still of interest, and says so at the end.
func measure(ctx context.Context, o *options, chosen []scenario, m *material, f *fleet) error {
	var failures error
	if len(chosen) > 0 {
		p := &plan{fleet: f, material: m, rounds: o.rounds, seconds: o.seconds}
		results, err := p.runAll(ctx, chosen)
		if err != nil {
			return err
		}
		printScenarios(os.Stdout, o, results)
		failures = checkLogs(results)
	}
	if o.proxy {
		if err := measureProxy(ctx, f, m, o); err != nil {
			return errors.Join(failures, err)
		}
	}
	if o.kids > 0 {
		if err := measureKids(ctx, f, m, o.kids); err != nil {
			return errors.Join(failures, err)
		}
	}
	if o.memory > 0 {
		if err := measureMemory(ctx, f, m, o.memory); err != nil {
			return errors.Join(failures, err)
		}
	}
	if o.reloads > 0 {
		if err := measureReloads(ctx, f, m, o.reloads); err != nil {
			return errors.Join(failures, err)
		}
	}
	return failures
}

// progress tells how far the program is, where it does not get into the table.
func progress(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
}
