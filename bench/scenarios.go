// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
)

// scenario is one kind of load.
type scenario struct {
	name, short string
	// status is the answer of the site with the gate.
	status int
	// distinct says that no request may come twice, as it would not be the
	// first of its kind any more.
	distinct bool
	// known says that the gate is to have seen all of the requests before.
	known bool
	// headers are lines that every request has besides its own.
	headers []string
	// file gives the file with a header line for each request.
	file func(*material) (string, error)
}

// statusOf is what a site answers: the one without a gate lets all pass.
func (s *scenario) statusOf(v variant) int {
	if v == plain {
		return http.StatusOK
	}
	return s.status
}

// browserHeaders are what a browser sends when somebody enters an address:
// of all requests, those that the gate has to look at most closely.
var browserHeaders = []string{
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	"Accept-Language: en-US,en;q=0.5",
	"Sec-Fetch-Dest: document",
	"Sec-Fetch-Mode: navigate",
	"Sec-Fetch-Site: none",
	"Sec-Fetch-User: ?1",
}

// allScenarios lists those that let people in first.
var allScenarios = []scenario{
	{name: "known header", short: "header", status: http.StatusOK, known: true, file: (*material).knownHeader},
	{name: "known cookie", short: "cookie", status: http.StatusOK, known: true, file: (*material).knownCookie, headers: browserHeaders},
	{name: "known, 1000 people", short: "people", status: http.StatusOK, known: true, file: (*material).knownPeople},
	{name: "first seen", short: "first", status: http.StatusOK, distinct: true, file: (*material).firstSeen},
	{name: "bad signature", short: "bad", status: http.StatusUnauthorized, distinct: true, file: (*material).badSignature},
	{name: "garbage", short: "garbage", status: http.StatusUnauthorized, file: (*material).garbage},
}

// choose gives the scenarios whose name or short name begins with one of those
// asked for, in the order of the list.
func choose(only string) ([]scenario, error) {
	switch only {
	case "":
		return allScenarios, nil
	case "none":
		return nil, nil
	}
	asked := strings.Split(only, ",")
	begins := func(s scenario, prefix string) bool {
		return prefix != "" && (strings.HasPrefix(s.name, prefix) || strings.HasPrefix(s.short, prefix))
	}
	for _, prefix := range asked {
		if !slices.ContainsFunc(allScenarios, func(s scenario) bool { return begins(s, prefix) }) {
			return nil, fmt.Errorf("-only: expected beginnings of %s, or none, got %q", scenarioNames(), prefix)
		}
	}
	var chosen []scenario
	for _, s := range allScenarios {
		if slices.ContainsFunc(asked, func(prefix string) bool { return begins(s, prefix) }) {
			chosen = append(chosen, s)
		}
	}
	return chosen, nil
}

func scenarioNames() string {
	names := make([]string, 0, len(allScenarios))
	for _, s := range allScenarios {
		names = append(names, fmt.Sprintf("%q (%s)", s.name, s.short))
	}
	return strings.Join(names, ", ")
}

// knownHeader is as long as the file of the 1000 people, so that reading it
// costs wrk the same.
func (m *material) knownHeader() (string, error) {
	return m.write("known-header", repeat(bearer(m.people[0])))
}

func (m *material) knownCookie() (string, error) {
	return m.write("known-cookie", repeat(m.cookies(m.people[0])))
}

func (m *material) knownPeople() (string, error) {
	return m.write("known-people", func(yield func(string, error) bool) {
		for _, token := range m.people {
			if !yield(bearer(token), nil) {
				return
			}
		}
	})
}

func repeat(line string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for range numPeople {
			if !yield(line, nil) {
				return
			}
		}
	}
}

func (m *material) firstSeen() (string, error) { return m.tokens, nil }

func (m *material) badSignature() (string, error) {
	return m.write("bad-signature", func(yield func(string, error) bool) {
		for line, err := range readLines(m.tokens, m.distinct) {
			if !yield(breakSignature(line), err) {
				return
			}
		}
	})
}

// breakSignature changes one character from the middle of a signature. At
// the end it might not be base64url any more, and at the beginning the number
// might exceed the key's modulus, which is noticed without arithmetic.
func breakSignature(line string) string {
	if line == "" {
		return line
	}
	at := strings.LastIndexByte(line, '.') + 100
	other := "A"
	if line[at] == 'A' {
		other = "B"
	}
	return line[:at] + other + line[at+1:]
}
