// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// routeStep is a route on the way to a gate, with those that stand before it in
// its list.
type routeStep struct {
	route  configuredRoute
	before []configuredRoute
}

// condition says what else than the host the route asks for, in one line.
func (s routeStep) condition() string {
	var text strings.Builder
	for _, set := range s.route.Match {
		for _, name := range sortedKeys(set) {
			if name != "host" {
				fmt.Fprintf(&text, " %s %.128s", name, set[name])
			}
		}
	}
	return text.String()
}

// errCannotTell means that it takes a real request to say whether a gate sees
// it.
var errCannotTell = errors.New("the matchers on the way ask for more than the address")

// sees tells whether a GET of an address meets the gate. It fails with
// errCannotTell where that depends on more than the address.
func (g *configuredGate) sees(address string) (bool, error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		return false, err
	}
	r.RequestURI = r.URL.RequestURI()
	if r.URL.Scheme == "https" {
		r.TLS = new(tls.ConnectionState) // for the matcher protocol
	}
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), nil, new(caddyhttp.Server))
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	for _, step := range g.way {
		passes, err := step.passes(ctx, r)
		if err != nil || !passes {
			return false, err
		}
	}
	return true, nil
}

// passes tells whether a request takes the step: its route matches, and none
// before it that would take the request away.
func (s routeStep) passes(ctx caddy.Context, r *http.Request) (bool, error) {
	if matches, err := s.route.matches(ctx, r); err != nil || !matches {
		return false, err
	}
	for _, other := range s.before {
		if !other.Terminal && !other.answers() && (other.Group == "" || other.Group != s.route.Group) {
			continue
		}
		if matches, err := other.matches(ctx, r); err != nil || matches {
			return false, err
		}
	}
	return true, nil
}

// answeringHandlers are those that pass nothing on to the routes behind them.
var answeringHandlers = []string{"static_response", "reverse_proxy", "file_server", "error", "clerk_proxy", "clerk_emulator"}

// answers tells whether nothing that the route matches gets any further.
func (r configuredRoute) answers() bool {
	return slices.ContainsFunc(r.Handle, func(raw json.RawMessage) bool {
		var h configuredHandler
		return json.Unmarshal(raw, &h) == nil && slices.Contains(answeringHandlers, h.Handler)
	})
}

// addressMatchers are the matchers that an address is enough for.
var addressMatchers = []string{"host", "path", "path_regexp", "method", "protocol"}

func (r configuredRoute) matches(ctx caddy.Context, req *http.Request) (bool, error) {
	for _, set := range r.Match {
		if !asksForAddress(set) {
			return false, errCannotTell
		}
	}
	route := &caddyhttp.Route{MatcherSetsRaw: r.Match}
	if err := route.ProvisionMatchers(ctx); err != nil {
		return false, fmt.Errorf("%w: %w", errCannotTell, err)
	}
	return route.MatcherSets.AnyMatchWithError(req)
}

func asksForAddress(set map[string]json.RawMessage) bool {
	for name, raw := range set {
		if slices.Contains(addressMatchers, name) {
			continue
		}
		var negated []map[string]json.RawMessage
		if name != "not" || json.Unmarshal(raw, &negated) != nil {
			return false
		}
		for _, inner := range negated {
			if !asksForAddress(inner) {
				return false
			}
		}
	}
	return true
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
