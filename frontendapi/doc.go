// SPDX-License-Identifier: Apache-2.0

// Package frontendapi knows what a proxy of Clerk's Frontend API has to know of
// addresses (https://clerk.com/docs/guides/dashboard/dns-domains/proxy-fapi): where
// the Frontend API is, which targets may be sent on to it, and what becomes of its
// redirects.
package frontendapi
