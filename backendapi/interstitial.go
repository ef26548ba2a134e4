// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"net/http"
	"net/url"
)

// InterstitialService is the page with Clerk's own script that finds out in a
// browser whether somebody is signed in. SDKs of before the handshake used it.
type InterstitialService struct{ client *Client }

// InterstitialParams names the instance that the page is for.
type InterstitialParams struct {
	PublishableKey string
	// ProxyURL is where the Frontend API is reached; empty for its own host.
	ProxyURL string
}

// Get fetches the page, which is HTML: GET /public/interstitial
// (https://clerk.com/docs/reference/backend-api/tag/miscellaneous).
func (s *InterstitialService) Get(ctx context.Context, params InterstitialParams) ([]byte, error) {
	query := url.Values{"publishable_key": {params.PublishableKey}}
	if params.ProxyURL != "" {
		query.Set("proxy_url", params.ProxyURL)
	}
	a, err := s.client.do(ctx, &request{
		method: http.MethodGet, key: s.client.secretKey, base: s.client.base, path: "public/interstitial", query: query,
	})
	if err != nil {
		return nil, err
	}
	return a.body, nil
}
