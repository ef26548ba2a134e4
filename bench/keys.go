// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

const (
	keyBits = 2048
	pemType = "PRIVATE KEY"
)

// signingKey is the key pair of the instance that the benchmark plays.
type signingKey struct {
	private *rsa.PrivateKey
	id      string
}

// keepKey gives the key that the folder holds, or puts a new one there: kept
// tokens are worth nothing without the key that they were signed with.
func keepKey(dir string) (*signingKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for the key: %w", err)
	}
	file := filepath.Join(dir, "key.pem")
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("expected a %s in PEM, got something else; remove %s", pemType, file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("expected an RSA key in %s, got %T; remove the file", file, parsed)
	}
	return newSigningKey(private), nil
}

func createKey(file string) (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encoding the key: %w", err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}), 0o600); err != nil {
		return nil, fmt.Errorf("keeping the key: %w", err)
	}
	return newSigningKey(private), nil
}

// newSigningKey derives the key's ID from the key, so that tokens of another
// one can be told by their header.
func newSigningKey(private *rsa.PrivateKey) *signingKey {
	sum := sha256.Sum256(private.N.Bytes())
	return &signingKey{private, "ins_" + hex.EncodeToString(sum[:])[:27]}
}

// keySet is the JSON Web Key Set of RFC 7517 with the public half.
func (k *signingKey) keySet() ([]byte, error) {
	encode := base64.RawURLEncoding.EncodeToString
	return json.Marshal(map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
		"n": encode(k.private.N.Bytes()),
		"e": encode(big.NewInt(int64(k.private.E)).Bytes()),
	}}})
}

// keyServer stands in for Clerk, of which a gate wants the keys and no more.
type keyServer struct {
	url     string
	pkcs1   string // the key in PKCS #1 and standard base64
	fetches atomic.Int64
	server  *http.Server
}

func serveKeys(key *signingKey) (*keyServer, error) {
	set, err := key.keySet()
	if err != nil {
		return nil, fmt.Errorf("encoding the key set: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the key server: %w", err)
	}
	s := &keyServer{
		url:   "http://" + listener.Addr().String() + "/.well-known/jwks.json",
		pkcs1: base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&key.private.PublicKey)),
	}
	s.server = &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			s.fetches.Add(1)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(set)
		}),
	}
	go s.server.Serve(listener) //nolint:errcheck // It ends with close.
	return s, nil
}

func (s *keyServer) close() { _ = s.server.Close() }
