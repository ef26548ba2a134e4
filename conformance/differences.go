// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Difference is one thing that this project does otherwise than the reference
// on purpose. What is expected instead is exact: it is what the reference
// makes of a changed case, and that changed again.
type Difference struct {
	// Name is what a run counts it under.
	Name string
	// Reason says why, in a sentence.
	Reason string
	// Applies tells whether the case is one in which it may show.
	Applies func(*Case) bool
	// Before changes the case into one that the reference decides as this
	// project decides the original; nil for no change.
	Before func(*Case)
	// Shows tells whether a decision that is not the reference's is so because
	// of this; nil when being applicable says it.
	Shows func(reference, ours *Record) bool
	// Otherwise changes the case, after all Befores, into a second one; nil
	// for none. OneOf then chooses between the two answers.
	Otherwise func(*Case)
	OneOf     func(first, second *Record) *Record
	// After changes the reference's answer into what is expected; nil for no
	// change. It is given the case as it was.
	After func(*Case, *Record)
}

// Differences lists them all. Befores run in this order, Afters in reverse.
var Differences = []Difference{
	{
		Name:    "cors",
		Reason:  "The answer to a returned handshake cannot be read by a script, which may be a stranger's; in the reference any can.",
		Applies: func(c *Case) bool { return hasHandshake(c) && isByScript(c) },
		Shows:   func(reference, ours *Record) bool { return reference.AllowOrigin != ours.AllowOrigin },
		After:   func(_ *Case, r *Record) { r.AllowOrigin, r.AllowCredentials = "", "" },
	},
	{
		Name:    "issuer",
		Reason:  "A token must name the instance or its proxy as its issuer; the reference checks that only when it is told to.",
		Applies: func(c *Case) bool { return len(c.Options.Issuer) == 0 },
		Before:  func(c *Case) { c.Options.Issuer = issuersOf(c) },
		Shows:   func(_, ours *Record) bool { return ours.Reason == "token-invalid-issuer" },
	},
	standsIn("base64url", "Base64url is read as RFC 7515 has it, so that a token has one spelling; the reference ignores padding."),
	standsIn("crit", "RFC 7515 has a token refused that demands extensions which are not understood; the reference ignores the demand."),
	standsIn("size", "A token of more than 16 KiB is refused unread; the reference has no limit."),
	standsIn("null", "A header or payload that is null makes the token invalid; the reference throws."),
	standsIn("feature-positions", "The masks of permissions count all features, as Clerk documents it; the reference skips those of the user alone."),
	standsIn("malformed-features", "A feature without a scope grants nothing; the reference throws, or signs out with an unexpected error."),
	standsIn("absurd-times", "A time claim too far off for a JavaScript Date still is past or future; the reference lets every such token pass."),
	standsIn("byte-order-mark", "A header or payload that begins with a byte order mark is not JSON; the reference drops it."),
	standsIn("key-names", "Only the key set says which keys there are; the reference takes constructor and its like for keys, and fails later."),
	standsIn("handshake-cookies", "Cookies that cannot stand in a response header, or are too many or too long, are not set."),
	standsIn("refresh-person", "A refreshed session is of the person whose token had expired; the reference takes anybody's."),
	standsIn("handshake-times", "A handshake token that carries a time claim must satisfy it; the reference does not look."),
	{
		Name:    "handshake-payload",
		Reason:  "The same about the cookies that a nonce stands for: the handshake then brings none.",
		Applies: func(c *Case) bool { return c.UnusablePayload },
		Before:  func(c *Case) { c.Payloads = map[string][]string{"nonce_known": {}} },
	},
	{
		Name:    "refresh-cookies",
		Reason:  "The same about the cookies of a refreshed session: there is then none. The reference throws, or sets them.",
		Applies: func(c *Case) bool { return c.UnusableRefresh },
		Before:  func(c *Case) { c.Refresh = &Answer{} },
	},
	{
		Name:    "refresh-code",
		Reason:  "An error code of the API is told on if it is a word; the reference puts any text into the reason and the redirect.",
		Applies: func(c *Case) bool { return c.Refresh != nil && oddCode.MatchString(c.Refresh.Body) },
		Before:  func(c *Case) { c.Refresh = &Answer{Status: 422} },
		Shows:   func(reference, ours *Record) bool { return reference.Reason != ours.Reason },
	},
	{
		Name:    "refresh-token",
		Reason:  "The token that is refreshed is the one that was judged; the reference judges the header's and refreshes the cookie's, be it another person's.",
		Applies: func(c *Case) bool { return c.Refresh != nil && hasHeaderToken(c) },
		Before:  func(c *Case) { c.RefreshJudged = true },
		Shows:   func(reference, ours *Record) bool { return reference.Refreshed != ours.Refreshed },
	},
	{
		Name:    "machine-spent",
		Reason:  "A machine token that the API says is revoked, expired or nobody's is invalid; the reference takes it, or throws.",
		Applies: func(c *Case) bool { return c.SpentMachine },
		Before:  func(c *Case) { c.Machine = &notFound },
	},
	{
		Name:   "machine-size",
		Reason: "A machine token of more than 2 KiB is invalid, and nobody is asked; the reference has no limit.",
		Applies: func(c *Case) bool {
			return c.Options.acceptsMachines() && hasHeaderToken(c) && len(c.header("Authorization")) > 3<<10 && c.Machine != nil
		},
		Before: func(c *Case) { c.Machine = &notFound },
		After:  func(_ *Case, r *Record) { r.Asked, r.Unavailable = "", false },
		Shows:  func(reference, ours *Record) bool { return reference.Asked != ours.Asked },
	},
	{
		Name:   "machine-outage",
		Reason: "When Clerk cannot be asked about a machine token, or its keys are not to be had, the request is undecided; the reference refuses the token.",
		Applies: func(c *Case) bool {
			return c.Options.acceptsMachines() && (c.Options.Keys != "" || c.Machine != nil && isOutage(c.Machine))
		},
		Shows: func(_, ours *Record) bool { return ours.Unavailable },
		After: func(c *Case, r *Record) {
			switch {
			case r.Asked != "":
				r.Unavailable = c.Machine != nil && isOutage(c.Machine)
			case r.TokenType != sessionToken && r.Reason == "token-verification-failed":
				r.Unavailable = c.Options.Keys != ""
			}
		},
	},
	{
		Name:    "machine-scopes",
		Reason:  "Scopes are a list of words, without empty ones; the reference gives a single audience as a text, and what is between two spaces.",
		Applies: func(c *Case) bool { return c.Options.acceptsMachines() },
		After:   func(_ *Case, r *Record) { r.Machine.Scopes = scopeList(r.Machine.Scopes) },
		Shows:   func(reference, ours *Record) bool { return reference.Machine.Scopes != ours.Machine.Scopes },
	},
	{
		Name:    "satellite-origin",
		Reason:  "Whatever Origin a request to a satellite has, it is decided; the reference throws at that of the sign-in URL, and with a sign-in path at any.",
		Applies: func(c *Case) bool { return c.Options.IsSatellite && c.header("Origin") != "" },
		Before:  func(c *Case) { c.Headers = c.without("Origin") },
		Shows:   func(reference, _ *Record) bool { return reference.Error != "" },
	},
	{
		Name:    "forwarded-headers",
		Reason:  "The address of a request is the one it was sent to; the reference believes X-Forwarded-Host and -Proto from anybody.",
		Applies: func(c *Case) bool { return c.header("X-Forwarded-Host") != "" || c.header("X-Forwarded-Proto") != "" },
		Before:  func(c *Case) { c.Headers = c.without("X-Forwarded-Host", "X-Forwarded-Proto") },
	},
	{
		Name:    "authority-in-path",
		Reason:  "A path such as //other.example stays a path; the reference takes it for a host when the Host header is not in canonical form.",
		Applies: func(c *Case) bool { return c.Host != canonicalHost(c) },
		Before:  func(c *Case) { c.Host = canonicalHost(c) },
	},
	{
		Name:    "address-limits",
		Reason:  "An address of more than 16 KiB or 256 segments is not read, so nothing leads back to it; the reference has no limit.",
		Applies: hasLongAddress,
		Before: func(c *Case) {
			c.Target = "/"
			c.Headers = c.without("Referer")
			c.Refresh = &Answer{Status: 200}
		},
		After: func(_ *Case, r *Record) {
			r.Refreshed = ""
			if r.Status == "handshake" {
				*r = *signedOutFor(r.Reason)
			}
			r.SignIn = ""
		},
	},
	{
		Name:    "referrer-limits",
		Reason:  "A Referer of more than 4 KiB is not read, and no browser sends one; the reference has no limit.",
		Applies: func(c *Case) bool { return len(c.header("Referer")) > 4<<10 },
		Before:  func(c *Case) { c.Headers = c.without("Referer") },
	},
	{
		Name:    "websocket",
		Reason:  "A request for a WebSocket is never redirected; the reference does not look at Upgrade.",
		Applies: func(c *Case) bool { return strings.EqualFold(c.header("Upgrade"), "websocket") },
		Before: func(c *Case) {
			c.Headers = append(c.without("Sec-Fetch-Dest"), [2]string{"Sec-Fetch-Dest", "websocket"})
		},
	},
	{
		Name:    "primary-syncing",
		Reason:  "A primary domain in development sends its browser's token to loopback and authorized parties; the reference wherever __clerk_redirect_url says.",
		Applies: func(c *Case) bool { return c.StrangeSatellite && strings.Contains(c.Target, satelliteReturn) },
		Before:  func(c *Case) { c.Target = strings.ReplaceAll(c.Target, satelliteReturn, satelliteReturnElse) },
		Shows: func(reference, _ *Record) bool {
			return reference.Reason == "primary-responds-to-syncing" || reference.Error != ""
		},
		After: func(_ *Case, r *Record) {
			r.Location = strings.ReplaceAll(r.Location, satelliteReturnElse, satelliteReturn)
			r.SignIn = strings.ReplaceAll(r.SignIn, satelliteReturnElse, satelliteReturn)
		},
	},
	{
		Name:    "return-address",
		Reason:  "A sign-in does not lead back to an address with parameters of the handshake protocol; in the reference it does.",
		Applies: func(c *Case) bool { return strings.Contains(c.Target, "?") },
		Before:  func(c *Case) { c.CleanReturn = true },
		Shows:   func(reference, ours *Record) bool { return reference.SignIn != ours.SignIn },
	},
	{
		Name:    "sign-in-page",
		Reason:  "There is no sign-in URL for the sign-in page itself, since redirecting to it would not end; the reference gives one.",
		Applies: func(c *Case) bool { return c.Options.SignInURL != "" },
		After: func(c *Case, r *Record) {
			path, _, _ := strings.Cut(c.Target, "?")
			if page, _, _ := strings.Cut(r.SignIn, "?"); page == c.Scheme+"://"+canonicalHost(c)+path {
				r.SignIn = ""
			}
		},
		Shows: func(reference, ours *Record) bool { return reference.SignIn != "" && ours.SignIn == "" },
	},
	{
		Name:    "no-store",
		Reason:  "A response that sets cookies is never stored; the reference says so of redirects only.",
		Applies: func(c *Case) bool { return hasHandshake(c) || c.Refresh != nil },
		Shows:   func(reference, ours *Record) bool { return reference.CacheControl != ours.CacheControl },
		After: func(_ *Case, r *Record) {
			if len(r.Cookies) > 0 {
				r.CacheControl = "no-store"
			}
		},
	},
	{
		Name:    "stale-handshake-cookie",
		Reason:  "A development instance's handshake that is in a cookie does not redirect to the address it is already at, which would not end.",
		Applies: func(c *Case) bool { return isDevelopment(c) && hasHandshakeCookie(c) && !hasHandshakeParameter(c) },
		Shows: func(reference, ours *Record) bool {
			return reference.AllowOrigin != "" && reference.Location != ours.Location
		},
		Otherwise: func(c *Case) {
			c.Headers = append([][2]string(nil), c.Headers...)
			for i := range c.Headers {
				c.Headers[i][1] = strings.ReplaceAll(c.Headers[i][1], "__clerk_handshake", "__klerk_handshake")
			}
		},
		OneOf: func(first, second *Record) *Record {
			switch {
			case first.AllowOrigin == "":
				return first
			case first.Status != "signed-in":
				return second
			}
			here := *first
			here.Location, here.CacheControl = "", ""
			return &here
		},
	},
	{
		Name:   "unavailable-keys",
		Reason: "A handshake that cannot be checked for want of keys leaves the request undecided; the reference throws or goes on without it.",
		Applies: func(c *Case) bool {
			return c.HandshakeNeedsKeys && hasHandshake(c) && !hasHeaderToken(c) && c.Options.accepts(sessionToken)
		},
		Shows: func(_, ours *Record) bool { return ours.Unavailable },
		After: func(c *Case, r *Record) {
			signIn := r.SignIn
			*r = *signedOutFor(unavailable[c.Options.Keys])
			r.SignIn, r.Unavailable = signIn, true
		},
	},
	{
		Name:    "refused-handshake",
		Reason:  "A development instance's handshake with a bad token ends signed-out, with the token's reason; the reference throws.",
		Applies: func(c *Case) bool { return isDevelopment(c) && hasHandshake(c) },
		Shows:   func(_, ours *Record) bool { return ours.Refused },
		After: func(c *Case, r *Record) {
			if m := thrownRefusal.FindStringSubmatch(r.Error); m != nil {
				signIn := r.SignIn
				*r = *signedOutFor(m[1] + refusalOf(m))
				r.SignIn, r.Refused = signIn, true
				if c.HandshakeRefusal != "" {
					r.Reason, r.AuthReason = c.HandshakeRefusal, c.HandshakeRefusal
				}
			}
		},
	},
}

const (
	satelliteReturn     = "__clerk_redirect_url"
	satelliteReturnElse = "__klerk_redirect_url"
)

// standsIn makes a difference about single tokens. The generator knows which
// and supplies what takes their place.
func standsIn(name, reason string) Difference {
	return Difference{
		Name:   name,
		Reason: reason,
		Applies: func(c *Case) bool {
			for _, s := range c.StandIns {
				if s.Difference == name {
					return true
				}
			}
			return false
		},
		Before: func(c *Case) { c.replace(name) },
		After: func(c *Case, r *Record) {
			for _, s := range c.StandIns {
				if s.Difference == name {
					r.Location = putBack(s, r.Location)
					r.SignIn = putBack(s, r.SignIn)
					r.Refreshed = putBack(s, r.Refreshed)
					r.Cookies = slices.Clone(r.Cookies)
					for i, cookie := range r.Cookies {
						r.Cookies[i] = strings.ReplaceAll(cookie, s.Instead, s.Token)
					}
				}
			}
		},
	}
}

// putBack undoes a replacement in a URL, where a token can also stand in the
// query of another URL that stands in the query.
func putBack(s StandIn, address string) string {
	instead, token := s.Instead, s.Token
	for range 3 {
		address = strings.ReplaceAll(address, instead, token)
		instead, token = url.QueryEscape(instead), url.QueryEscape(token)
	}
	return address
}

// replace puts the stand-ins of a difference in the place of their tokens.
func (c *Case) replace(difference string) {
	headers := append([][2]string(nil), c.Headers...)
	for _, s := range c.StandIns {
		if s.Difference != difference {
			continue
		}
		c.Target = strings.ReplaceAll(c.Target, s.Token, s.Instead)
		if c.Refresh != nil {
			answer := *c.Refresh
			answer.Body = strings.ReplaceAll(answer.Body, s.Token, s.Instead)
			c.Refresh = &answer
		}
		for i := range headers {
			headers[i][1] = strings.ReplaceAll(headers[i][1], s.Token, s.Instead)
		}
	}
	c.Headers = headers
}

// unavailable gives the reasons for having no keys.
var unavailable = map[string]string{
	"outage":  "jwk-remote-failed-to-load",
	"refused": "secret-key-invalid",
}

// thrownRefusal finds the reason in what the reference throws about a
// handshake token. For a bad signature it gives none.
var thrownRefusal = regexp.MustCompile(`Handshake token verification failed(?:: .*\(reason=([a-z-]+),| due to an invalid (signature))`)

func refusalOf(match []string) string {
	if match[2] != "" {
		return "token-invalid-signature"
	}
	return ""
}

func signedOutFor(reason string) *Record {
	return &Record{Status: "signed-out", Reason: reason, AuthStatus: "signed-out", AuthReason: reason, TokenType: sessionToken}
}

// oddCode finds an error code that is no word.
var oddCode = regexp.MustCompile(`"code":"([^"]*[^a-z0-9_"-][^"]*|[^"]{65,})"`)

// scopeList reads scopes, a JSON text, as a list of words.
func scopeList(scopes string) string {
	if scopes == "" {
		return ""
	}
	var one string
	if json.Unmarshal([]byte(scopes), &one) == nil {
		scopes = `["` + one + `"]`
	}
	var list []string
	words := []string{}
	if json.Unmarshal([]byte(scopes), &list) == nil {
		for _, word := range list {
			if word != "" {
				words = append(words, word)
			}
		}
	}
	text, err := json.Marshal(words)
	if err != nil {
		return scopes
	}
	return string(text)
}

func isDevelopment(c *Case) bool { return strings.HasPrefix(c.Options.PublishableKey, "pk_test_") }

func hasHandshake(c *Case) bool { return hasHandshakeParameter(c) || hasHandshakeCookie(c) }

func isByScript(c *Case) bool {
	dest := c.header("Sec-Fetch-Dest")
	return dest != "" && dest != "document" && dest != "iframe"
}

func hasLongAddress(c *Case) bool {
	return len(c.Target) > 16<<10 || strings.Count(c.Target, "/") > 256
}

func hasHandshakeParameter(c *Case) bool {
	if hasLongAddress(c) {
		return false
	}
	return c.query("__clerk_handshake") != "" || c.query("__clerk_handshake_nonce") != ""
}

func hasHandshakeCookie(c *Case) bool { return strings.Contains(c.cookies(), "__clerk_handshake") }

// hasHeaderToken tells whether the Authorization header decides.
func hasHeaderToken(c *Case) bool {
	scheme, token, _ := strings.Cut(strings.TrimSpace(c.header("Authorization")), " ")
	return scheme == "Bearer" || (scheme != "" && token == "")
}

// issuersOf lists the issuers that this project accepts without being told.
func issuersOf(c *Case) []string {
	issuers := []string{"https://" + frontendAPI(c.Options.PublishableKey)}
	if c.Options.IsSatellite && c.Options.Domain != "" && !isDevelopment(c) {
		issuers = append(issuers, "https://clerk."+c.Options.Domain)
	}
	switch proxy := strings.TrimRight(c.Options.ProxyURL, "/"); {
	case proxy == "":
	case strings.HasPrefix(proxy, "/"):
		issuers = append(issuers, c.Scheme+"://"+canonicalHost(c)+proxy)
	default:
		issuers = append(issuers, proxy)
	}
	return issuers
}

// frontendAPI reads the host that a publishable key names.
func frontendAPI(key string) string {
	if key == "" {
		return ""
	}
	encoded := strings.TrimRight(key[len("pk_live_"):], "=")
	decoded, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		panic("the options of a case have the publishable key " + key)
	}
	return strings.TrimSuffix(string(decoded), "$")
}

// canonicalHost is the host as a browser would write it.
func canonicalHost(c *Case) string {
	host := strings.ToLower(c.Host)
	if c.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}
