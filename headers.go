// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-clerk/caddy-clerk/headerfield"
)

// IdentityHeaders says by which request headers the application is told who is
// signed in. Both fields empty is the default prefix.
//
//	{"headers": {"X-WEBAUTH-USER": "{http.clerk.user_id}"}}
type IdentityHeaders struct {
	// What the names of the headers begin with, a dash at the end: `User-Id`,
	// `Session-Id`, `Org-Id`, `Org-Slug`, `Org-Role`, `Org-Permissions`,
	// `Token-Type` and `Actor-Id` follow. Every header of a request that begins
	// so is removed first. Default: `X-Clerk-`.
	Prefix string `json:"prefix,omitempty"`

	// Headers of other names instead, with their values, in which placeholders
	// are replaced at each request. Not together with a prefix. Default: those
	// behind the prefix.
	Headers map[string]string `json:"headers,omitempty"`
}

const defaultIdentityPrefix = "X-Clerk-"

// clerkHeaders are never a client's to set, whatever a gate is configured to
// set itself.
var clerkHeaders = headerfield.OwnedPrefix(defaultIdentityPrefix)

// prefixedHeaders are the headers behind a prefix, and the names under
// {http.clerk.*} of their values.
var prefixedHeaders = []struct{ name, value string }{
	{"User-Id", "user_id"},
	{"Session-Id", "session_id"},
	{"Org-Id", "org_id"},
	{"Org-Slug", "org_slug"},
	{"Org-Role", "org_role"},
	{"Org-Permissions", "org_permissions"},
	{"Token-Type", "token_type"},
	{"Actor-Id", "actor_id"},
}

// identity sets the headers of one gate.
type identity struct {
	// owned are the names that clients must not set.
	owned   []headerfield.Owned
	headers []identityHeader
	log     *slog.Logger
}

// identityHeader is a header with what gives its value, which is asked only
// when somebody is signed in.
type identityHeader struct {
	name    string
	value   func(*requestState, *caddy.Replacer) string
	tooLong *sync.Once
}

// newIdentity reads the setting; it is nil where there is none.
func newIdentity(h *IdentityHeaders, log *slog.Logger) (*identity, error) {
	if h == nil {
		return nil, nil
	}
	i := &identity{log: log}
	var err error
	switch {
	case len(h.Headers) == 0:
		err = i.addPrefixed(cmp.Or(h.Prefix, defaultIdentityPrefix))
	case h.Prefix != "":
		err = errPrefixAndHeaders
	default:
		err = i.addMapped(h.Headers)
	}
	if err != nil {
		return nil, fmt.Errorf("identity_headers: %w", err)
	}
	return i, nil
}

func (i *identity) add(name string, value func(*requestState, *caddy.Replacer) string) {
	i.headers = append(i.headers, identityHeader{http.CanonicalHeaderKey(name), value, new(sync.Once)})
}

func (i *identity) addPrefixed(prefix string) error {
	if err := headerfield.CheckPrefix(prefix); err != nil {
		return err
	}
	i.owned = append(i.owned, headerfield.OwnedPrefix(prefix))
	for _, header := range prefixedHeaders {
		value := clerkValue(header.value)
		i.add(prefix+header.name, func(s *requestState, _ *caddy.Replacer) string { return value(s) })
	}
	return nil
}

func (i *identity) addMapped(headers map[string]string) error {
	spelled := make(map[headerfield.Owned]string, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if err := headerfield.CheckName(name); err != nil {
			return err
		}
		owned := headerfield.OwnedName(name)
		if other, ok := spelled[owned]; ok {
			return fmt.Errorf("%s and %s are one header to applications that take dashes, underscores and dots for each other; leave one of them out", other, name)
		}
		spelled[owned] = name
		text := headers[name]
		if err := checkHeaderText(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		i.owned = append(i.owned, owned)
		i.add(name, func(_ *requestState, repl *caddy.Replacer) string { return repl.ReplaceAll(text, "") })
	}
	return nil
}

// checkHeaderText refuses a value that no request would ever have.
func checkHeaderText(text string) error {
	if text == "" {
		return errNoHeaderText
	}
	if unknown := unknownPlaceholder(text); unknown != "" {
		return fmt.Errorf("there is no placeholder %s; under {http.clerk.*} there are claims.<path>, %s",
			unknown, strings.Join(clerkValues(), ", "))
	}
	return nil
}

// clerkValue gives what has the value of a placeholder under {http.clerk.*} that
// is no claim; nil when there is none of that name.
func clerkValue(name string) func(*requestState) string {
	if value, ok := placeholderValues[name]; ok {
		return value
	}
	return identityValues[name]
}

// clerkValues lists their names.
func clerkValues() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(placeholderValues)), maps.Keys(identityValues))
	slices.Sort(names)
	return names
}

// unknownPlaceholder gives the first placeholder under {http.clerk.*} that
// would never have a value; empty for none.
func unknownPlaceholder(text string) string {
	for {
		_, rest, found := strings.Cut(text, "{"+clerkPlaceholders)
		if !found {
			return ""
		}
		var name string
		name, text, found = strings.Cut(rest, "}")
		if !found {
			return ""
		}
		path, isClaim := strings.CutPrefix(name, claimsPlaceholders)
		if clerkValue(name) == nil && (!isClaim || path == "") {
			return "{" + clerkPlaceholders + name + "}"
		}
	}
}

// set tells the application who is signed in. A header without a value, and
// with nobody signed in every header, is left out: an empty one could be taken
// for a name.
func (i *identity) set(r *http.Request, s *requestState) {
	if i == nil || s.state == nil {
		return
	}
	signedIn := s.state.IsSignedIn()
	repl, _ := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	values := make([]string, len(i.headers))
	for n, header := range i.headers {
		// An earlier gate may have set it, and the last one's word counts.
		delete(r.Header, header.name)
		if !signedIn {
			continue
		}
		value := headerfield.EncodeValue(header.value(s, repl))
		switch {
		case len(value) > headerfield.MaxValue:
			header.tooLong.Do(func() {
				i.log.Warn("an identity header is left out, since its value is too long; this is logged once",
					"header", header.name, "bytes", len(value), "limit", headerfield.MaxValue)
			})
		case value != "":
			values[n] = value
			r.Header[header.name] = values[n : n+1 : n+1]
		}
	}
	headerfield.RemoveConnectionOptions(r.Header, i.owned)
}

var (
	errPrefixAndHeaders = errors.New("expected a prefix or a block of headers, got both; leave one of them out")
	errNoHeaderText     = errors.New("expected a value, such as {http.clerk.user_id}")
)
