// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The instance's public key stands in the Clerk Dashboard; with it, no token
// costs a call to Clerk.
func Example() {
	ctx, token := context.Background(), "not-a-token"
	keys, err := verifier.ParsePEM(os.Getenv("CLERK_JWT_KEY"))
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := verifier.New(verifier.Options{Keys: keys})
	if err != nil {
		fmt.Println(err)
		return
	}
	claims, err := v.Verify(ctx, token, verifier.Requirements{
		AuthorizedParties: []string{"https://app.example.com"},
		Issuers:           []string{"https://clerk.example.com"},
		ClockSkew:         verifier.DefaultClockSkew,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(claims.UserID)
}

// A refusal says why, in the words of Clerk's own SDKs.
func ExampleVerifier_Verify() {
	v, _ := verifier.New(verifier.Options{Keys: keys()})
	_, err := v.Verify(context.Background(), "not.a-token", verifier.Requirements{})
	switch {
	case errors.Is(err, verifier.ErrKeysUnavailable):
		fmt.Println("answer 503")
	case err != nil:
		fmt.Println("answer 401:", verifier.ReasonOf(err))
	}
	// Output: answer 401: token-invalid
}

func ExampleParsePEM() {
	_, err := verifier.ParsePEM("sk_test_123")
	fmt.Println(err)
	// Output: expected the public key of the instance in PEM, which begins with -----BEGIN PUBLIC KEY-----
}

// Remote keys are fetched when first needed, kept fresh by Run, and go on
// serving when they cannot be fetched.
func ExampleNewRemoteKeys() {
	fetch := func(ctx context.Context) (*verifier.KeyDocument, error) {
		const url = "https://clerk.example.com/.well-known/jwks.json"
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, verifier.MaxJWKSSize+1))
		return &verifier.KeyDocument{Body: body}, err
	}
	keys, err := verifier.NewRemoteKeys(verifier.RemoteOptions{Fetch: fetch, MaxStale: time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go keys.Run(ctx)

	v, err := verifier.New(verifier.Options{Keys: keys})
	fmt.Println(v != nil, err)
}

// keyring is a KeySource over keys that one already has.
type keyring map[string]*rsa.PublicKey

func (k keyring) Key(_ context.Context, id string) (*verifier.Key, error) {
	public, ok := k[id]
	if !ok {
		return nil, &verifier.Error{Reason: verifier.ReasonJWKKidMismatch, Message: "no such key"}
	}
	return &verifier.Key{ID: id, Algorithm: "RS256", Public: public}, nil
}

// Keys may come from anywhere.
func ExampleKeySource() {
	ring := keyring{"ins_1": &instanceKey.PublicKey}
	v, _ := verifier.New(verifier.Options{Keys: ring, Now: func() time.Time { return noon }})
	claims, err := v.Verify(context.Background(), good(), verifier.Requirements{})
	fmt.Println(claims.UserID, err)
	_, err = ring.Key(context.Background(), "ins_2")
	fmt.Println(err)
	// Output:
	// user_1 <nil>
	// no such key (jwk-kid-mismatch)
}

// remoteSignatures stands for hardware or another library that checks
// signatures.
type remoteSignatures struct{}

func (remoteSignatures) VerifySignature(key *verifier.Key, algorithm string, signed, signature []byte) error {
	fmt.Println("asked about", key.ID, algorithm)
	return errors.New("the hardware says no")
}

func ExampleSignatureVerifier() {
	v, _ := verifier.New(verifier.Options{Keys: keys(), Signatures: remoteSignatures{}})
	_, err := v.Verify(context.Background(), good(), verifier.Requirements{})
	fmt.Println(verifier.ReasonOf(err))
	// Output:
	// asked about ins_1 RS256
	// token-invalid-signature
}

// Strictness can be relaxed, say for a client that sends padding.
func ExampleOptions_decodeBase64URL() {
	v, _ := verifier.New(verifier.Options{
		Keys: keys(),
		Now:  func() time.Time { return noon },
		DecodeBase64URL: func(s string) ([]byte, error) {
			return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
		},
	})
	_, err := v.Verify(context.Background(), good()+"==", verifier.Requirements{})
	fmt.Println(err)
	// Output: <nil>
}

// A clock of one's own decides when tokens expire.
func ExampleOptions_now() {
	v, _ := verifier.New(verifier.Options{
		Keys: keys(),
		Now:  func() time.Time { return noon.Add(time.Hour) },
	})
	_, err := v.Verify(context.Background(), good(), verifier.Requirements{})
	fmt.Println(err)
	// Output: the token expired 3550s ago (token-expired)
}
