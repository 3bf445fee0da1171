/* SPDX-License-Identifier: BSD-3-Clause */
/* The constants of docs/random.md. They are part of the definition of the numbers: never to be touched. */
#ifndef SADDLE_I_POLYNOMIALS_H
#define SADDLE_I_POLYNOMIALS_H

#define PHILOX_M0 0xD2511F53u
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

#define ROOT_HALF 0x1.6a09e667f3bcdp-1           /* sqrt(1/2) */
#define ROOT_HALF_BITS 0x3fe6a09e667f3bcd        /* and its bits */
#define HALF_PI 0x1.921fb54442d18p+0
#define MINUS_TWO_LN2 (-2 * 0x1.62e42fefa39efp-1)

/* log m = 2s (1 + z LOG(z)), s = (m-1)/(m+1), z = s^2, m in [sqrt(1/2), sqrt(2)) */
#define LOG_0 0x1.5555555555558p-2
#define LOG_1 0x1.99999999952e2p-3
#define LOG_2 0x1.2492492df148dp-3
#define LOG_3 0x1.c71c62e5800a1p-4
#define LOG_4 0x1.7462b4ab2ef6bp-4
#define LOG_5 0x1.39fe606542dddp-4
#define LOG_6 0x1.2b584aae78a5cp-4

/* sin t = t (1 + z SIN(z)), z = t^2, |t| <= pi/4 */
#define SIN_0 (-0x1.5555555555555p-3)
#define SIN_1 0x1.1111111110bb2p-7
#define SIN_2 (-0x1.a01a019e83aaep-13)
#define SIN_3 0x1.71de37968a100p-19
#define SIN_4 (-0x1.ae600b02b6262p-26)
#define SIN_5 0x1.5e0b19f8b1451p-33

/* cos t = 1 - z/2 + z^2 COS(z) */
#define COS_0 0x1.5555555555555p-5
#define COS_1 (-0x1.6c16c16c16967p-10)
#define COS_2 0x1.a01a019f4eb01p-16
#define COS_3 (-0x1.27e4fa17da09ep-22)
#define COS_4 0x1.1eeb68e93b64cp-29
#define COS_5 (-0x1.907da367a37cbp-37)

#endif
