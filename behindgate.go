// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"encoding/json"
	"regexp"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// behindGate puts the routes of a gate into one without a matcher, since Caddy
// sorts those with a matcher before the others.
func behindGate(h httpcaddyfile.Helper, gate []httpcaddyfile.ConfigValue) []httpcaddyfile.ConfigValue {
	inner := new(caddyhttp.Subroute)
	for _, value := range append(h.NewRoute(nil, &Prepare{BehindGate: true}), gate...) {
		inner.Routes = append(inner.Routes, value.Value.(caddyhttp.Route))
	}
	return h.NewRoute(nil, inner)
}

// asksWhoIsThere tells whether a matcher set depends on what a gate has found
// out: by the matcher clerk, its function in an expression, a placeholder, or a
// header X-Clerk-*.
func asksWhoIsThere(set caddy.ModuleMap) bool {
	for name, matcher := range set {
		switch name {
		case "clerk":
			return true
		case "not":
			var inner []caddy.ModuleMap
			if json.Unmarshal(matcher, &inner) == nil && slices.ContainsFunc(inner, asksWhoIsThere) {
				return true
			}
		default:
			asks, ok := identityInTextOf[name]
			if !ok {
				asks = identityInText
			}
			var settings any
			if json.Unmarshal(matcher, &settings) == nil && anyText(settings, asks.MatchString) {
				return true
			}
		}
	}
	return false
}

// identityInText finds what a gate has found out in the text of a matcher: a
// placeholder, or a header that no client can send. In an expression both can
// be given to functions as well, and there is the matcher's own.
var (
	identityInText   = regexp.MustCompile(`\{http\.(clerk|auth)\.|(?i)\{http\.request\.header\.x-clerk-`)
	identityInTextOf = map[string]*regexp.Regexp{
		"expression":    regexp.MustCompile(`\bclerk\s*\(|\bhttp\.(clerk|auth)\.|(?i)\bx-clerk-`),
		"header":        identityInHeader,
		"header_regexp": identityInHeader,
	}
	identityInHeader = regexp.MustCompile(`\{http\.(clerk|auth)\.|(?i)\bx-clerk-`)
)

// anyText looks through the texts of decoded JSON, names of members included.
// In JSON itself a line break, or an ampersand, would pass for a letter.
func anyText(value any, is func(string) bool) bool {
	switch value := value.(type) {
	case string:
		return is(value)
	case []any:
		return slices.ContainsFunc(value, func(element any) bool { return anyText(element, is) })
	case map[string]any:
		for name, member := range value {
			if is(name) || anyText(member, is) {
				return true
			}
		}
	}
	return false
}
