// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"net/http"
	"time"
)

// JWKSService is the instance's JSON Web Key Set.
type JWKSService struct{ client *Client }

// KeySet is the JSON Web Key Set as Clerk sent it.
type KeySet struct {
	Body []byte
	// Date is Clerk's clock, zero when it did not say.
	Date time.Time
}

// Get fetches the key set: GET /jwks
// (https://clerk.com/docs/reference/backend-api/tag/jwks/get/jwks).
func (s *JWKSService) Get(ctx context.Context) (*KeySet, error) {
	a, err := s.client.do(ctx, &request{
		method: http.MethodGet, key: s.client.secretKey, base: s.client.base, path: "jwks", unlimited: true,
	})
	if err != nil {
		return nil, err
	}
	return &KeySet{Body: a.body, Date: Date(a.header)}, nil
}
