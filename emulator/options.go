// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
)

// The defaults of Options.
const (
	DefaultMount         = "/__clerk"
	DefaultFrontendAPI   = "emulator.clerk.accounts.dev"
	DefaultTokenLifetime = 60 * time.Second

	defaultTestSecretKey = "sk_test_emulator" //nolint:gosec // It is public and opens nothing.
	defaultLiveSecretKey = "sk_live_emulator" //nolint:gosec // It is public and opens nothing.
)

// Options say which Clerk instance the emulator plays. The zero value is a
// development instance below DefaultMount.
type Options struct {
	// Mount is the path prefix under which the emulator is served. Empty means
	// DefaultMount, "/" the root.
	Mount string

	// FrontendAPI is the host that the publishable key names.
	FrontendAPI string

	// Production plays a production instance: a pk_live_ key, a browser known by
	// its __client cookie, and a handshake that answers through a cookie.
	Production bool

	// SecretKey is what the Backend API asks for.
	SecretKey string

	// TokenLifetime is how long a session token is valid.
	TokenLifetime time.Duration

	// SigningKey signs tokens and handshakes; a new one when nil. To make one takes
	// a good part of a second, which several emulators of a test can share. Its key
	// ID differs all the same.
	SigningKey *rsa.PrivateKey

	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

var (
	hostPattern  = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?$`)
	mountPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)
)

// withDefaults fills what was left out and refuses what cannot work.
func (o Options) withDefaults() (Options, error) {
	mount, err := cleanMount(o.Mount)
	if err != nil {
		return o, err
	}
	o.Mount = mount
	if o.FrontendAPI == "" {
		o.FrontendAPI = DefaultFrontendAPI
	}
	if !hostPattern.MatchString(o.FrontendAPI) {
		return o, fmt.Errorf("frontend API: expected a host with a dot in it, such as %s, got %q", DefaultFrontendAPI, o.FrontendAPI)
	}
	if o.SecretKey, err = secretKeyFor(o.Production, o.SecretKey); err != nil {
		return o, err
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = DefaultTokenLifetime
	}
	if o.TokenLifetime < time.Second {
		return o, fmt.Errorf("token lifetime: expected a second or more, got %s", o.TokenLifetime)
	}
	if o.SigningKey != nil && o.SigningKey.N.BitLen() < keyBits {
		return o, fmt.Errorf("signing key: expected %d bits or more, got %d", keyBits, o.SigningKey.N.BitLen())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// cleanMount gives the prefix without a final slash, so the root is "".
func cleanMount(mount string) (string, error) {
	if mount == "" {
		return DefaultMount, nil
	}
	trimmed := strings.TrimSuffix(mount, "/")
	if trimmed == "" {
		return "", nil
	}
	if !mountPattern.MatchString(trimmed) || path.Clean(trimmed) != trimmed {
		return "", fmt.Errorf("mount: expected a path such as %s, got %q", DefaultMount, mount)
	}
	return trimmed, nil
}

// secretKeyFor never repeats the key in its error, which may end in a log.
func secretKeyFor(production bool, key string) (string, error) {
	prefix, fallback := "sk_test_", defaultTestSecretKey
	if production {
		prefix, fallback = "sk_live_", defaultLiveSecretKey
	}
	if key == "" {
		return fallback, nil
	}
	if !strings.HasPrefix(key, prefix) || len(key) == len(prefix) || strings.ContainsFunc(key, unprintable) {
		return "", errors.New("secret key: expected printable text that begins with " + prefix + ", got something else")
	}
	return key, nil
}

func unprintable(c rune) bool { return c <= ' ' || c > '~' }
