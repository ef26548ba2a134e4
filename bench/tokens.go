// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// The instance that the benchmark plays is a production one, whose cookies
// need no development browser beside them.
const (
	frontendAPI     = "clerk.example.com"
	issuer          = "https://" + frontendAPI
	authorizedParty = "https://example.com"

	tokenLifetime = 24 * time.Hour
	// signInAge is how long ago people signed in, in what their tokens say.
	signInAge = 10 * time.Minute
)

func publishableKey() string {
	return "pk_live_" + base64.StdEncoding.EncodeToString([]byte(frontendAPI+"$"))
}

type tokenHeader struct {
	Algorithm string `json:"alg"`
	Category  string `json:"cat"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

func sessionHeader(algorithm, keyID string) tokenHeader {
	return tokenHeader{Algorithm: algorithm, Category: "cl_B7d4PD111AAA", KeyID: keyID, Type: "JWT"}
}

// tokenClaims are those of Clerk's second token format, with about as much in
// them as a member of an organization has.
type tokenClaims struct {
	AuthorizedParty string       `json:"azp"`
	Expiry          int64        `json:"exp"`
	Features        string       `json:"fea"`
	FactorAge       [2]int       `json:"fva"`
	IssuedAt        int64        `json:"iat"`
	Issuer          string       `json:"iss"`
	ID              string       `json:"jti"`
	NotBefore       int64        `json:"nbf"`
	Organization    organization `json:"o"`
	Plan            string       `json:"pla"`
	SessionID       string       `json:"sid"`
	Status          string       `json:"sts"`
	Subject         string       `json:"sub"`
	Version         int          `json:"v"`
}

type organization struct {
	FeaturePermissions string `json:"fpm"`
	ID                 string `json:"id"`
	Permissions        string `json:"per"`
	Role               string `json:"rol"`
	Slug               string `json:"slg"`
}

// sessionClaims are of another person with every call.
func sessionClaims(now time.Time) tokenClaims {
	return tokenClaims{
		AuthorizedParty: authorizedParty,
		Expiry:          now.Add(tokenLifetime).Unix(),
		Features:        "o:docs",
		FactorAge:       [2]int{int(signInAge / time.Minute), -1},
		IssuedAt:        now.Unix(),
		Issuer:          issuer,
		ID:              newID(""),
		NotBefore:       now.Unix() - 10,
		Organization: organization{
			FeaturePermissions: "1", ID: newID("org_"), Permissions: "read", Role: "admin", Slug: "acme",
		},
		Plan:      "o:pro",
		SessionID: newID("sess_"),
		Status:    "active",
		Subject:   newID("user_"),
		Version:   2,
	}
}

// newID is a little shorter than Clerk's, which makes up for domains that are
// a little longer than most.
func newID(prefix string) string { return prefix + rand.Text()[:18] }

// encodePart gives a part of a token, which encoding/json writes compactly and
// with its members in the order of the type's.
func encodePart(part any) (string, error) {
	text, err := json.Marshal(part)
	if err != nil {
		return "", fmt.Errorf("encoding a part of a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(text), nil
}

func encodeUnsigned(header tokenHeader, claims tokenClaims) (string, error) {
	head, err := encodePart(header)
	if err != nil {
		return "", err
	}
	payload, err := encodePart(claims)
	return head + "." + payload, err
}

// sessionToken makes a token of a person who has none yet.
func (k *signingKey) sessionToken(now time.Time) (string, error) {
	signed, err := encodeUnsigned(sessionHeader("RS256", k.id), sessionClaims(now))
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, k.private, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// mint makes n tokens on all cores, since a signature takes twenty times as
// long as its verification, and hands them to use one after the other.
func (k *signingKey) mint(ctx context.Context, n int, use func(token string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	now := time.Now()
	minted := make(chan string, 1024)
	var taken atomic.Int64
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for ctx.Err() == nil && taken.Add(1) <= int64(n) {
				token, err := k.sessionToken(now)
				if err != nil {
					cancel(err)
					return
				}
				minted <- token
			}
		})
	}
	go func() {
		workers.Wait()
		close(minted)
	}()
	for token := range minted {
		if err := use(token); err != nil {
			// The rest is still taken, so that no worker waits for ever.
			cancel(err)
		}
	}
	return context.Cause(ctx)
}
