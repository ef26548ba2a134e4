// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(Floor{})
	httpcaddyfile.RegisterHandlerDirective("bench_floor", parseFloor)
	httpcaddyfile.RegisterDirectiveOrder("bench_floor", httpcaddyfile.Before, "basic_auth")
}

// Floor does the least that a gate of any kind must do: it knows a token that
// came before by its text, and verifies the signature of one that did not by
// crypto/rsa. It reads no claim, not even the expiry, and protects nothing.
type Floor struct {
	// The public key (PKCS #1 in standard base64) of all tokens.
	Key string `json:"key"`

	key   *rsa.PublicKey
	known *knownTokens
}

// CaddyModule returns the Caddy module information.
func (Floor) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.bench_floor", New: func() caddy.Module { return new(Floor) }}
}

// parseFloor reads `bench_floor <key>`.
func parseFloor(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	f := new(Floor)
	h.Next()
	if !h.AllArgs(&f.Key) {
		return nil, h.ArgErr()
	}
	return f, nil
}

// Provision reads the key.
func (f *Floor) Provision(caddy.Context) error {
	der, err := base64.StdEncoding.DecodeString(f.Key)
	if err != nil {
		return fmt.Errorf("decoding the key: %w", err)
	}
	if f.key, err = x509.ParsePKCS1PublicKey(der); err != nil {
		return fmt.Errorf("reading the key: %w", err)
	}
	f.known = &knownTokens{tokens: make(map[string]struct{})}
	return nil
}

var errRefused = errors.New("refused")

// ServeHTTP lets pass who has a token with a good signature.
func (f *Floor) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	token := tokenOf(r.Header)
	if !f.known.has(token) {
		if !f.verify(token) {
			return caddyhttp.Error(http.StatusUnauthorized, errRefused)
		}
		f.known.add(token)
	}
	return next.ServeHTTP(w, r)
}

func tokenOf(h http.Header) string {
	if lines := h["Authorization"]; len(lines) > 0 {
		return strings.TrimPrefix(lines[0], "Bearer ")
	}
	if lines := h["Cookie"]; len(lines) > 0 {
		_, rest, _ := strings.Cut(lines[0], "__session=")
		token, _, _ := strings.Cut(rest, ";")
		return token
	}
	return ""
}

func (f *Floor) verify(token string) bool {
	at := strings.LastIndexByte(token, '.')
	if at < 0 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[at+1:])
	if err != nil {
		return false
	}
	digest := sha256.Sum256([]byte(token[:at]))
	return rsa.VerifyPKCS1v15(f.key, crypto.SHA256, digest[:], signature) == nil
}

// maxKnown is how many tokens are known at once: about as many as the module
// remembers.
const maxKnown = 10_000

// knownTokens is a set that begins anew when it is full.
type knownTokens struct {
	mu     sync.RWMutex
	tokens map[string]struct{}
}

func (k *knownTokens) has(token string) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	_, ok := k.tokens[token]
	return ok
}

func (k *knownTokens) add(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.tokens) >= maxKnown {
		clear(k.tokens)
	}
	k.tokens[strings.Clone(token)] = struct{}{}
}
