// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// keyOrigin is where an instance's keys come from: one of its fields at most is
// set. Without any, there are no keys, and no JWT can be verified.
type keyOrigin struct {
	// pem is the public key itself.
	pem string
	// url is a key set that anybody may read.
	url string
	// backendAPI is set when it is the Backend API, with the secret key.
	backendAPI bool
}

// wellKnownKeys is where a Frontend API has its public key set.
const wellKnownKeys = "/.well-known/jwks.json"

// maxPEMFile is more than the size in bytes of any public key.
const maxPEMFile = 64 << 10

// keyOrigin chooses where keys come from. What is set comes before what is
// in the environment, and the environment before the defaults.
func (r *resolved) keyOrigin() (keyOrigin, error) {
	switch {
	case r.JWTKey != "" && r.JWKSURL != "":
		return keyOrigin{}, errors.New("jwt_key: jwks_url is set too; leave one of them out")
	case r.JWTKey != "":
		pem, err := readPEM(r.JWTKey)
		return keyOrigin{pem: pem}, err
	case r.JWKSURL != "":
		return r.jwksOrigin()
	case r.SecretKey != "":
		return keyOrigin{backendAPI: true}, nil
	case r.PublishableKey == "":
		return keyOrigin{}, nil
	default:
		return keyOrigin{url: "https://" + r.key.FrontendAPI + wellKnownKeys}, nil
	}
}

func readPEM(setting string) (string, error) {
	if _, err := verifier.ParsePEM(setting); err == nil {
		return setting, nil
	}
	if strings.Contains(setting, "-----BEGIN") {
		_, err := verifier.ParsePEM(setting)
		return "", fmt.Errorf("jwt_key: %w", err)
	}
	file, err := os.Open(setting)
	if err != nil {
		// Without the text: it may be a key, if not one that can be read.
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathError.Err
		}
		return "", fmt.Errorf("jwt_key: it is neither a public key in PEM nor the path of a file that can be read: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxPEMFile))
	if err != nil {
		return "", fmt.Errorf("jwt_key: reading the file: %w", err)
	}
	if _, err := verifier.ParsePEM(string(data)); err != nil {
		return "", fmt.Errorf("jwt_key: in the file: %w", err)
	}
	return string(data), nil
}

// jwksOrigin tells a public key set from the Backend API's, which wants the
// secret key. A key set elsewhere is fetched without it.
func (r *resolved) jwksOrigin() (keyOrigin, error) {
	jwks, err := backendapi.ParseURL(r.JWKSURL)
	if err != nil {
		return keyOrigin{}, fmt.Errorf("jwks_url: %w", err)
	}
	api, err := backendapi.ParseURL(cmp.Or(r.APIURL, backendapi.DefaultAPIURL))
	if err != nil {
		return keyOrigin{}, fmt.Errorf("api_url: %w", err)
	}
	if jwks.String() != api.JoinPath(cmp.Or(r.APIVersion, backendapi.DefaultAPIVersion), "jwks").String() {
		return keyOrigin{url: r.JWKSURL}, nil
	}
	if r.SecretKey == "" {
		return keyOrigin{}, errors.New("secret_key: not set, and jwks_url is the Backend API's, which demands it; " +
			"set it (or CLERK_SECRET_KEY), or leave jwks_url out to use the Frontend API's public key set")
	}
	return keyOrigin{backendAPI: true}, nil
}

// fetchFrom gets a key set that anybody may read.
func fetchFrom(address string) verifier.FetchKeys {
	return fetchWith(backendapi.DefaultDoer(), address)
}

func fetchWith(client backendapi.Doer, address string) verifier.FetchKeys {
	return func(ctx context.Context) (*verifier.KeyDocument, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, fmt.Errorf("making the request for the key set: %w", err)
		}
		resp, err := client.Do(req)
		if err != nil {
			if wrapped, ok := errors.AsType[*url.Error](err); ok {
				err = wrapped.Err
			}
			return nil, fmt.Errorf("fetching the key set from %s: %w", req.URL.Host, err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			err := fmt.Errorf("fetching the key set from %s: expected HTTP status 200, got %d", req.URL.Host, resp.StatusCode)
			return nil, later(err, backendapi.RetryAfter(resp.Header))
		}
		body, err := backendapi.ReadBody(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("reading the key set from %s: %w", req.URL.Host, err)
		}
		return &verifier.KeyDocument{Body: body, Date: backendapi.Date(resp.Header)}, nil
	}
}

// fetchFromBackendAPI gets the key set with the secret key. That Clerk does
// not accept the key is told apart from every other failure.
func fetchFromBackendAPI(api *backendapi.Client) verifier.FetchKeys {
	return func(ctx context.Context) (*verifier.KeyDocument, error) {
		set, err := api.JWKS.Get(ctx)
		countCall(operationJWKS, err)
		if err == nil {
			return &verifier.KeyDocument{Body: set.Body, Date: set.Date}, nil
		}
		answer, ok := errors.AsType[*backendapi.Error](err)
		if !ok {
			return nil, err
		}
		if answer.HasCode(backendapi.CodeKeyInvalid) {
			err = verifier.KeysUnavailable(verifier.ReasonSecretKeyInvalid,
				"check that secret_key is the instance's, whole, and was not revoked", err)
		}
		return nil, later(err, answer.RetryAfter)
	}
}

// later tells that the key server asked for a pause, if it did.
func later(err error, pause time.Duration) error {
	if pause == 0 {
		return err
	}
	return verifier.RetryLater(err, pause)
}
