// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"crypto/sha1" //nolint:gosec // Clerk derives the names of cookies with it; nothing is secured by it.
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/nlnwa/whatwg-url/url"
)

// InstanceType tells a development instance from a production one.
type InstanceType string

// The two kinds of Clerk instances.
const (
	Development InstanceType = "development"
	Production  InstanceType = "production"
)

// PublishableKey is what a publishable key says
// (https://clerk.com/docs/guides/development/deployment/environment-vars).
type PublishableKey struct {
	// Key is the key exactly as it was configured: the suffix of cookies is a
	// hash of just this spelling.
	Key          string
	InstanceType InstanceType
	// FrontendAPI is the host of the instance's Frontend API.
	FrontendAPI string
}

var errPublishableKey = errors.New("expected a publishable key, pk_test_… or pk_live_…, as the Clerk Dashboard shows it under API keys")

// ParsePublishableKey reads a publishable key.
func ParsePublishableKey(key string) (PublishableKey, error) {
	parsed := PublishableKey{Key: key}
	encoded, live := strings.CutPrefix(key, "pk_live_")
	parsed.InstanceType = Production
	if !live {
		var test bool
		if encoded, test = strings.CutPrefix(key, "pk_test_"); !test {
			return PublishableKey{}, errPublishableKey
		}
		parsed.InstanceType = Development
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return PublishableKey{}, fmt.Errorf("%w: its last part is not base64", errPublishableKey)
	}
	host, ok := strings.CutSuffix(string(decoded), "$")
	if !ok || !isHost(host) {
		return PublishableKey{}, fmt.Errorf("%w: it does not name a Frontend API", errPublishableKey)
	}
	parsed.FrontendAPI = host
	return parsed, nil
}

// isHost tells whether s can stand as the host of a URL and nothing more. The
// redirects that carry session tokens go there.
func isHost(s string) bool {
	if !strings.Contains(s, ".") || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == ':', c == '_':
		default:
			return false
		}
	}
	_, err := url.Parse("https://" + s)
	return err == nil
}

// cookieSuffixLength is how many characters, of base64url's, Clerk takes of
// the hash of a publishable key to tell the cookies of instances apart.
const cookieSuffixLength = 8

// CookieSuffix is what Clerk appends to the names of cookies, so that several
// instances can live on one domain.
func (k PublishableKey) CookieSuffix() string {
	sum := sha1.Sum([]byte(k.Key)) //nolint:gosec // See the import.
	return base64.URLEncoding.EncodeToString(sum[:])[:cookieSuffixLength]
}

// accountsURL is where the instance's hosted pages are, without a final slash.
func (k PublishableKey) accountsURL() string {
	host := strings.Replace(k.FrontendAPI, "clerk.accountsstage.", "accountsstage.", 1)
	if i := strings.Index(host, "clerk."); i >= 0 {
		rest := strings.TrimPrefix(host[i+len("clerk."):], "accounts.")
		host = host[:i] + "accounts." + rest
	}
	return "https://" + host
}
