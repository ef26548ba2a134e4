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
)

// IdentityHeaders says by which request headers the application is told who is
// signed in. Both fields empty is the default prefix.
type IdentityHeaders struct {
	// What the names of the headers begin with, a dash at the end: `User-Id`,
	// `Session-Id`, `Org-Id`, `Org-Slug`, `Org-Role`, `Org-Permissions`,
	// `Token-Type` and `Actor-Id` follow. Every header of a request that begins
	// so is removed first. Default: `X-Clerk-`.
	Prefix string `json:"prefix,omitempty"`

	// Headers of other names instead, with their values, in which placeholders
	// are replaced at each request. Not together with a prefix.
	Headers map[string]string `json:"headers,omitempty"`
}

const (
	defaultIdentityPrefix = "X-Clerk-"

	// maxIdentityValue bounds a header's value in bytes, as it is sent.
	maxIdentityValue = 4096
)

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
	owned   []ownedHeaders
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
	if err := checkHeaderPrefix(prefix); err != nil {
		return err
	}
	i.owned = append(i.owned, ownedHeaders{text: fold(prefix), family: true})
	for _, header := range prefixedHeaders {
		value := clerkValue(header.value)
		i.add(prefix+header.name, func(s *requestState, _ *caddy.Replacer) string { return value(s) })
	}
	return nil
}

func (i *identity) addMapped(headers map[string]string) error {
	spelled := make(map[string]string, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if err := checkHeaderName(name); err != nil {
			return err
		}
		folded := fold(name)
		if other, ok := spelled[folded]; ok {
			return fmt.Errorf("%s and %s are one header to applications that take dashes, underscores and dots for each other; leave one of them out", other, name)
		}
		spelled[folded] = name
		text := headers[name]
		if err := checkHeaderText(text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		i.owned = append(i.owned, ownedHeaders{text: folded})
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
		value := encodeHeaderValue(header.value(s, repl))
		switch {
		case len(value) > maxIdentityValue:
			header.tooLong.Do(func() {
				i.log.Warn("an identity header is left out, since its value is too long; this is logged once",
					"header", header.name, "bytes", len(value), "limit", maxIdentityValue)
			})
		case value != "":
			values[n] = value
			r.Header[header.name] = values[n : n+1 : n+1]
		}
	}
	i.keepFromConnection(r.Header)
}

// keepFromConnection keeps the client from having proxies drop what was set:
// RFC 9110, section 7.6.1, has them remove the headers that Connection names.
func (i *identity) keepFromConnection(h http.Header) {
	lines := h["Connection"]
	if !slices.ContainsFunc(lines, i.namesOwn) {
		return
	}
	var kept []string
	for _, line := range lines {
		for option := range strings.SplitSeq(line, ",") {
			if option = strings.TrimSpace(option); option != "" && !i.owns(option) {
				kept = append(kept, option)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Connection")
		return
	}
	h["Connection"] = []string{strings.Join(kept, ", ")}
}

func (i *identity) namesOwn(line string) bool {
	for option := range strings.SplitSeq(line, ",") {
		if i.owns(strings.TrimSpace(option)) {
			return true
		}
	}
	return false
}

func (i *identity) owns(name string) bool { return isOwned(i.owned, name) }

// encodeHeaderValue gives a value that any header can carry, and that no two
// texts share: percent-encoding (RFC 3986, section 2.1) of the bytes of all
// that is not printable ASCII, of percent signs, and of a space at either end,
// where recipients drop it. Decoding it as a URI component gives the text.
func encodeHeaderValue(text string) string {
	plain := 0
	for plain < len(text) && isPlain(text, plain) {
		plain++
	}
	if plain == len(text) {
		return text
	}
	const digits = "0123456789ABCDEF"
	var encoded strings.Builder
	encoded.WriteString(text[:plain])
	// Nothing is made of what could not be sent anyway.
	for n := plain; n < len(text) && encoded.Len() <= maxIdentityValue; n++ {
		c := text[n]
		if isPlain(text, n) {
			encoded.WriteByte(c)
			continue
		}
		encoded.WriteByte('%')
		encoded.WriteByte(digits[c>>4])
		encoded.WriteByte(digits[c&0xF])
	}
	return encoded.String()
}

// isPlain tells whether a byte of a text stands for itself.
func isPlain(text string, n int) bool {
	c := text[n]
	if c == ' ' {
		return n > 0 && n < len(text)-1
	}
	return c > ' ' && c <= '~' && c != '%'
}

var (
	errPrefixAndHeaders = errors.New("expected a prefix or a block of headers, got both; leave one of them out")
	errNoHeaderText     = errors.New("expected a value, such as {http.clerk.user_id}")
)
