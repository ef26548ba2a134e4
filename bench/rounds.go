// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// warmUpSeconds is how long a fresh Caddy runs under load before it counts.
const warmUpSeconds = 1

// plan makes runs of all sites in turn. What else the machine does comes and
// goes more slowly than that, and so meets all sites of a round alike.
type plan struct {
	fleet    *fleet
	material *material
	wrk      *wrk
	// warm is the file of requests that make a gate ready for strangers.
	warm string

	rounds, seconds int
}

// sample is one run of one site.
type sample struct {
	rate   float64
	cpu    time.Duration // for one request
	p99    time.Duration
	logged []string
}

// result is what came of a scenario.
type result struct {
	scenario
	// runs are those of each site; the ones of a round have the same index.
	runs [numVariants][]sample
}

func (p *plan) runAll(ctx context.Context, chosen []scenario) ([]result, error) {
	var err error
	if p.wrk, err = newWrk(p.material.dir); err != nil {
		return nil, err
	}
	if p.warm, err = p.material.knownHeader(); err != nil {
		return nil, err
	}
	results := make([]result, 0, len(chosen))
	for _, s := range chosen {
		r, err := p.run(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		results = append(results, r)
	}
	return results, nil
}

func (p *plan) run(ctx context.Context, s scenario) (result, error) {
	r := result{scenario: s}
	file, err := s.file(p.material)
	if err != nil {
		return r, err
	}
	for i := range p.rounds {
		// No site is always the one that runs first.
		order := []variant{plain, floor, gate}
		if i%2 == 1 {
			slices.Reverse(order)
		}
		for _, v := range order {
			sample, err := p.sample(ctx, &s, file, v)
			if err != nil {
				return r, err
			}
			r.runs[v] = append(r.runs[v], sample)
		}
		a, f, b := r.runs[plain][i].rate, r.runs[floor][i].rate, r.runs[gate][i].rate
		progress("%s, round %d of %d: A %.0f requests/s, F %.0f, B %.0f; F/A %.3f, B/A %.3f", s.name, i+1, p.rounds, a, f, b, f/a, b/a)
	}
	return r, nil
}

func (p *plan) sample(ctx context.Context, s *scenario, file string, v variant) (result sample, err error) {
	err = p.fleet.with(ctx, v, func(site *site) error {
		if err := p.warmUp(ctx, site, s, file); err != nil {
			return fmt.Errorf("warming up: %w", err)
		}
		if err := p.probe(ctx, site, s, file, v); err != nil {
			return err
		}
		if result, err = p.measure(ctx, site, s, file, v); err != nil {
			return err
		}
		return p.probe(ctx, site, s, file, v)
	})
	return result, err
}

// warmUp sends what the gate is to know, all of it, or else one good token.
func (p *plan) warmUp(ctx context.Context, site *site, s *scenario, file string) error {
	headers := s.headers
	if !s.known {
		file, headers = p.warm, nil
	}
	l, err := p.wrk.run(ctx, warmUpSeconds, site.url, file, headers)
	if err != nil {
		return err
	}
	if s.known && l.rounds == 0 {
		return fmt.Errorf("expected all of %d requests to be sent once, got %d", numPeople, l.requests)
	}
	return l.expect(http.StatusOK)
}

// probe asks for the very status of the answers. wrk reads the first line and
// does not send it, so where no request may come twice that one can be used
// here.
func (p *plan) probe(ctx context.Context, site *site, s *scenario, file string, v variant) error {
	lines := 10
	if s.distinct {
		lines = 1
	}
	for line, err := range readLines(file, lines) {
		if err != nil {
			return err
		}
		if err := site.client.expect(ctx, s.statusOf(v), append([]string{line}, s.headers...)...); err != nil {
			return err
		}
	}
	return nil
}

func (p *plan) measure(ctx context.Context, site *site, s *scenario, file string, v variant) (sample, error) {
	_, end, err := site.logged(0)
	if err != nil {
		return sample{}, err
	}
	before, err := site.cpu()
	if err != nil {
		return sample{}, err
	}
	l, err := p.wrk.run(ctx, p.seconds, site.url, file, s.headers)
	if err != nil {
		return sample{}, err
	}
	after, err := site.cpu()
	if err != nil {
		return sample{}, err
	}
	if err := l.expect(s.statusOf(v)); err != nil {
		return sample{}, err
	}
	if v != plain && s.distinct && l.rounds > 0 {
		return sample{}, fmt.Errorf("expected no more requests than there are tokens, got %d: raise -tokens, or lower -seconds", l.requests)
	}
	logged, _, err := site.logged(end)
	return sample{
		rate:   l.rate(),
		cpu:    (after - before) / time.Duration(l.requests),
		p99:    l.p99,
		logged: logged,
	}, err
}

// checkLogs fails when a gate logged anything above info under load: whatever
// anybody can send must not fill the log.
func checkLogs(results []result) error {
	var failures error
	for _, r := range results {
		for _, s := range r.runs[gate] {
			if i := slices.IndexFunc(s.logged, isLoud); i >= 0 {
				failures = errors.Join(failures, fmt.Errorf("%s: expected nothing above info in the log, got %s", r.name, s.logged[i]))
			}
		}
	}
	return failures
}
