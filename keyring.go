// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// keyring is what belongs to one Clerk instance and to no other. It holds
// secrets and is never printed.
type keyring struct {
	publishable, secret  string
	machine, pem, keySet string
	// beside tells which of them were written beside the publishable key.
	beside besidePublishable
}

type besidePublishable struct{ secret, machine, pem, keySet bool }

// keyring gives the keys that name an instance, with placeholders expanded.
func (s Settings) keyring(repl *caddy.Replacer) keyring {
	return keyring{publishable: expandKey(repl, s.PublishableKey), secret: expandKey(repl, s.SecretKey)}
}

// expandKey expands the placeholders of a key. One that cannot be expanded
// stands for itself here, and is complained about if it comes to be used.
func expandKey(repl *caddy.Replacer, value string) string {
	expanded, err := repl.ReplaceOrErr(value, true, true)
	if err != nil {
		return value
	}
	return strings.TrimSpace(expanded)
}

// keyringFrom gives the keys that levels have together come to.
func (r *resolved) keyringFrom(repl *caddy.Replacer, levels ...Settings) keyring {
	k := keyring{
		publishable: r.PublishableKey,
		secret:      r.SecretKey,
		machine:     r.MachineSecretKey,
		pem:         r.keys.pem,
		keySet:      r.keys.url,
	}
	for _, l := range levels {
		if l.PublishableKey == "" {
			continue
		}
		k.beside.secret = k.beside.secret || expandKey(repl, l.SecretKey) == k.secret
		k.beside.machine = k.beside.machine || expandKey(repl, l.MachineSecretKey) == k.machine
		k.beside.pem = k.beside.pem || l.JWTKey != "" && expandKey(repl, l.JWTKey) == r.JWTKey
		k.beside.keySet = k.beside.keySet || expandKey(repl, l.JWKSURL) == k.keySet
	}
	return k
}

// isAnother tells whether two keyrings name two instances. Their publishable
// keys tell, since an instance has one. Where one is missing, the secret keys
// do: an instance can have several, but who relies on that can say so by
// writing the publishable key beside them.
func (k keyring) isAnother(o keyring) bool {
	if k.publishable != "" && o.publishable != "" {
		return k.publishable != o.publishable
	}
	return k.secret != "" && o.secret != "" && k.secret != o.secret
}

// inCommon gives the name of a setting that both have the same value of,
// without that it is written beside the publishable keys of both; or nothing.
func (k keyring) inCommon(o keyring) string {
	for _, key := range []struct {
		name, one, other string
		written          bool
	}{
		{"secret_key", k.secret, o.secret, k.beside.secret && o.beside.secret},
		{"machine_secret_key", k.machine, o.machine, k.beside.machine && o.beside.machine},
		{"jwt_key", k.pem, o.pem, k.beside.pem && o.beside.pem},
		{"jwks_url", k.keySet, o.keySet, k.beside.keySet && o.beside.keySet},
	} {
		if key.one != "" && key.one == key.other && !key.written {
			return key.name
		}
	}
	return ""
}

// claim notes an instance's keys, and refuses any that another instance has. A
// key that stands alone in the environment or in the global option completes
// the keys of whoever takes it, and of two that do, one takes it wrongly. What
// is written beside either's publishable key is taken at its word.
func (a *App) claim(k keyring) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.keyrings, k) {
		return nil
	}
	for _, known := range a.keyrings {
		if !k.isAnother(known) {
			continue
		}
		if name := k.inCommon(known); name != "" {
			return fmt.Errorf("%s: two Clerk instances would have it in common; it belongs to one, "+
				"so write it (or set its environment variable) beside that one's publishable_key", name)
		}
	}
	a.keyrings = append(a.keyrings, k)
	return nil
}
