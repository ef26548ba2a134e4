// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"time"

	"github.com/caddy-clerk/caddy-clerk/authstate"
)

// numPeople is how many people come back again and again.
const numPeople = 1000

// material is what requests are made of.
type material struct {
	dir string
	key *signingKey
	// suffix is what the names of the instance's cookies end in.
	suffix string
	// people are the tokens of those who are known, made anew for each run.
	people   []string
	signedAt time.Time
	// tokens is the file of those who come once, distinct how many it holds at
	// least; none when nobody asked for them.
	tokens   string
	distinct int
}

func prepareMaterial(ctx context.Context, o *options, chosen []scenario, temp string) (*material, error) {
	key, err := keepKey(o.dir)
	if err != nil {
		return nil, err
	}
	publishable, err := authstate.ParsePublishableKey(publishableKey())
	if err != nil {
		return nil, fmt.Errorf("the benchmark's own publishable key: %w", err)
	}
	m := &material{dir: temp, key: key, suffix: publishable.CookieSuffix(), signedAt: time.Now()}
	if err := key.mint(ctx, numPeople, func(token string) error {
		m.people = append(m.people, token)
		return nil
	}); err != nil {
		return nil, err
	}
	m.distinct = o.memory
	if slices.ContainsFunc(chosen, func(s scenario) bool { return s.distinct }) {
		m.distinct = max(m.distinct, o.tokens)
	}
	if m.distinct > 0 {
		m.tokens, err = keepTokens(ctx, o.dir, key, m.distinct)
	}
	return m, err
}

// write makes a file of requests that this run alone needs.
func (m *material) write(name string, lines iter.Seq2[string, error]) (string, error) {
	path := filepath.Join(m.dir, name)
	return path, writeLines(path, lines)
}

// cookies are what a browser has for a site after signing in: Clerk's cookies
// with and without the suffix, among others.
func (m *material) cookies(token string) string {
	uat := m.signedAt.Add(-signInAge).Unix()
	return fmt.Sprintf("Cookie: _ga=GA1.1.1437205613.1718023456; theme=dark; __client_uat=%d; __client_uat_%s=%d; "+
		"__session=%s; __session_%s=%s; consent=necessary%%2Cstatistics", uat, m.suffix, uat, token, m.suffix, token)
}
