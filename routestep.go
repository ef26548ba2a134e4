// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
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

	"github.com/caddy-clerk/caddy-clerk/frontendapi"
)

// routeStep is a route on the way to a gate, with those that stand before it in
// its list, and the handlers of its own that a request meets first.
type routeStep struct {
	route  configuredRoute
	before []configuredRoute
	ahead  []json.RawMessage
}

// way are the routes that a request takes to a handler.
type way []routeStep

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

// sees tells whether a GET of an address takes the way to its end. It fails with
// errCannotTell where that depends on more than the address.
func (w way) sees(address string) (bool, error) {
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
	for _, step := range w {
		passes, err := step.passes(ctx, r)
		if err != nil || !passes {
			return false, err
		}
	}
	return true, nil
}

// passes tells whether a request takes the step: its route matches, and nothing
// that it meets first takes the request away.
func (s routeStep) passes(ctx caddy.Context, r *http.Request) (bool, error) {
	if matches, err := s.route.matches(ctx, r); err != nil || !matches {
		return false, err
	}
	for _, other := range s.before {
		excludes := other.Terminal || other.Group != "" && other.Group == s.route.Group
		if taken, err := other.takes(ctx, r, excludes); err != nil || taken {
			return false, err
		}
	}
	answered, err := answerAmong(s.ahead, ctx, r)
	return !answered, err
}

// takes tells whether a request that a route matches gets no further, which it
// never does, or does not where one of the route's handlers answers.
func (r configuredRoute) takes(ctx caddy.Context, req *http.Request, always bool) (bool, error) {
	answered, failure := always, error(nil)
	if !always {
		answered, failure = answerAmong(r.Handle, ctx, req)
	}
	if !answered && failure == nil {
		return false, nil // Whatever its matchers ask for.
	}
	matches, err := r.matches(ctx, req)
	if err != nil || !matches {
		return false, err
	}
	return answered, failure
}

// answeringHandlers are those that pass nothing on to the routes behind them.
var answeringHandlers = []string{"static_response", "reverse_proxy", "file_server", "error"}

// answerAmong tells whether one of the handlers answers a request.
func answerAmong(handlers []json.RawMessage, ctx caddy.Context, r *http.Request) (bool, error) {
	for _, raw := range handlers {
		var h configuredHandler
		if json.Unmarshal(raw, &h) != nil {
			continue // It is not for us to say what is wrong with other handlers.
		}
		if answers, err := h.answers(ctx, r, raw); err != nil || answers {
			return answers, err
		}
	}
	return false, nil
}

// answers tells whether a handler passes a request on to nobody. Some do so below
// a path alone, and routes within a route where one of them takes it.
func (h configuredHandler) answers(ctx caddy.Context, r *http.Request, raw json.RawMessage) (bool, error) {
	if h.Handler == proxyDirective || h.Handler == "clerk_emulator" {
		_, below := frontendapi.Below(r.RequestURI, mountOf(raw).path())
		return below, nil
	}
	for _, route := range h.Routes {
		if taken, err := route.takes(ctx, r, false); err != nil || taken {
			return taken, err
		}
	}
	return slices.Contains(answeringHandlers, h.Handler), nil
}

// mounted is a handler that answers below a path alone, which a clerk_proxy calls
// path and a clerk_emulator mount.
type mounted struct {
	Path  string `json:"path"`
	Mount string `json:"mount"`
}

func mountOf(raw json.RawMessage) (m mounted) {
	_ = json.Unmarshal(raw, &m) // What cannot be read, Caddy refuses.
	return m
}

func (m mounted) path() string {
	path := caddy.NewReplacer().ReplaceKnown(cmp.Or(m.Path, m.Mount), "")
	return strings.TrimRight(cmp.Or(path, DefaultProxyPath), "/")
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
