// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// brokenKeys is a source of keys that could not be had.
type brokenKeys struct{ err error }

// Key implements verifier.KeySource.
func (b brokenKeys) Key(context.Context, string) (*verifier.Key, error) { return nil, b.err }

// keysOf gives a gate's keys as they are now, and says where they are from.
func (c *console) keysOf(ctx context.Context, r *resolved) (verifier.KeySource, string) {
	if r.keys.pem != "" {
		keys, err := verifier.ParsePEM(r.keys.pem)
		if err != nil {
			return brokenKeys{err}, "jwt_key"
		}
		return keys, "jwt_key: " + describePEM(r.keys.pem)
	}
	from := r.keysFrom()
	fetched := c.fetchKeys(ctx, r)
	if fetched.err != nil {
		return brokenKeys{verifier.KeysUnavailable(fetched.reason(), "check with `caddy clerk doctor` why they cannot be had", fetched.err)}, from
	}
	keys, err := verifier.ParseJWKS(fetched.body)
	if err != nil {
		return brokenKeys{verifier.KeysUnavailable(verifier.ReasonJWKRemoteFailedToLoad, "check with `caddy clerk doctor` what is wrong with them", err)}, from
	}
	return keys, from + ": " + describeSet(fetched.body)
}

// describePEM tells a public key from others.
func describePEM(pem string) string {
	keys, err := verifier.ParsePEM(pem)
	if err != nil {
		return "no public key"
	}
	return fmt.Sprintf("an RSA public key of %d bits", keys.Public().N.BitLen())
}

// mostKeysNamed is how many keys of a set are named.
const mostKeysNamed = 5

// describeSet names the keys of a set.
func describeSet(body []byte) string {
	keys, err := verifier.InspectJWKS(body)
	if err != nil {
		return err.Error()
	}
	names := make([]string, 0, mostKeysNamed)
	for _, key := range keys[:min(len(keys), mostKeysNamed)] {
		names = append(names, cmp.Or(key.ID, "one without a kid"))
	}
	if len(keys) > mostKeysNamed {
		names = append(names, fmt.Sprintf("%d more", len(keys)-mostKeysNamed))
	}
	return strings.Join(names, ", ")
}

// fetchedSet is a key set as a server has given it, or why it has not.
type fetchedSet struct {
	from string
	body []byte
	// date is the server's clock, zero when it is not known, and skew how far
	// this machine's is ahead of it.
	date time.Time
	skew time.Duration
	err  error
}

// reason is the verifier's word for why there is no set.
func (f *fetchedSet) reason() verifier.Reason {
	if isKeyRefused(f.err) {
		return verifier.ReasonSecretKeyInvalid
	}
	return verifier.ReasonJWKRemoteFailedToLoad
}

// fetchKeys fetches a gate's key set, whose keys are not configured.
func (c *console) fetchKeys(ctx context.Context, r *resolved) *fetchedSet {
	if r.keys.backendAPI {
		return c.fetchBackendKeys(ctx, r)
	}
	if r.keys.url == "" {
		return &fetchedSet{err: errNoKeys}
	}
	return c.fetchPublicKeys(ctx, r.keys.url)
}

var errNoKeys = errors.New("no setting says where the keys are")

// isKeyRefused tells whether the Backend API does not accept the secret key.
func isKeyRefused(err error) bool {
	answer, ok := errors.AsType[*backendapi.Error](err)
	return ok && (answer.HasCode(backendapi.CodeKeyInvalid) || answer.StatusCode == http.StatusUnauthorized)
}

// doer bounds what is asked in time, and follows no redirect: the secret key
// must reach nobody but the origin it is for.
func (c *console) doer() *http.Client {
	client := backendapi.DefaultDoer()
	client.Transport = c.transport
	return client
}

// once asks nobody the same thing twice.
func (c *console) once(key string, fetch func() *fetchedSet) *fetchedSet {
	if _, ok := c.fetched[key]; !ok {
		c.fetched[key] = fetch()
	}
	return c.fetched[key]
}

// fetchBackendKeys asks the Backend API, with the secret key.
func (c *console) fetchBackendKeys(ctx context.Context, r *resolved) *fetchedSet {
	return c.once(r.APIURL+" "+r.APIVersion+" "+r.SecretKey, func() *fetchedSet { return c.askBackendAPI(ctx, r) })
}

func (c *console) backendAPI(r *resolved) (*backendapi.Client, error) {
	return backendapi.New(backendapi.Options{SecretKey: r.SecretKey, APIURL: r.APIURL, APIVersion: r.APIVersion, Doer: c.doer()})
}

func (c *console) askBackendAPI(ctx context.Context, r *resolved) *fetchedSet {
	set := &fetchedSet{from: cmp.Or(r.APIURL, backendapi.DefaultAPIURL)}
	api, err := c.backendAPI(r)
	if err != nil {
		set.err = err
		return set
	}
	asked := c.now()
	answer, err := api.JWKS.Get(ctx)
	if err != nil {
		set.err = err
		return set
	}
	set.body = answer.Body
	set.compareClocks(answer.Date, asked, c.now())
	return set
}

// fetchPublicKeys asks whoever may be asked by anybody.
func (c *console) fetchPublicKeys(ctx context.Context, address string) *fetchedSet {
	return c.once(address, func() *fetchedSet { return c.askPublicly(ctx, address) })
}

func (c *console) askPublicly(ctx context.Context, address string) *fetchedSet {
	set, asked := &fetchedSet{from: address}, c.now()
	document, err := fetchWith(c.doer(), address)(ctx)
	if err != nil {
		set.err = err
		return set
	}
	set.body = document.Body
	set.compareClocks(document.Date, asked, c.now())
	return set
}

// compareClocks takes the middle of the request for the moment of the answer,
// which names it in whole seconds (RFC 9110, section 6.6.1).
func (f *fetchedSet) compareClocks(date, asked, answered time.Time) {
	if date.IsZero() {
		return
	}
	f.date = date
	f.skew = asked.Add(answered.Sub(asked) / 2).Sub(date).Round(time.Second)
}
