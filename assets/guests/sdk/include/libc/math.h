/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of C's <math.h> that guests have. Accurate to about 1e-12 for arguments of everyday
 * size (angles up to a few thousand turns); no errno, no floating-point exceptions.
 */
#pragma once

#define M_PI   3.14159265358979323846
#define M_PI_2 1.57079632679489661923

double sin(double x);
double cos(double x);
double tan(double x);
double atan2(double y, double x);
double sqrt(double x);
double fabs(double x);
double floor(double x);
double ceil(double x);
double round(double x);
double trunc(double x);
double fmod(double x, double y);
double fmin(double a, double b);
double fmax(double a, double b);
double exp(double x);
double log(double x);
double pow(double x, double y);
double hypot(double x, double y);
long lround(double x);
float sinf(float x);
float cosf(float x);
float atan2f(float y, float x);
float sqrtf(float x);
float fabsf(float x);
float floorf(float x);
float ceilf(float x);
float roundf(float x);
float fminf(float a, float b);
float fmaxf(float a, float b);
float powf(float x, float y);
float hypotf(float x, float y);
long lroundf(float x);
