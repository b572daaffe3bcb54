// Package tidy holds the rules of this house as tests. Each failure names what to use instead.
package tidy
