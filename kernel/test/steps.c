/* Calls in single steps, with an interrupt's work before one of them. */
#include "steps.h"
#include <stddef.h>
#include <synos/restart.h>
#include <synos/trap.h>

#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)

static struct {
    uint64_t taken, at; /* instructions so far; the one before which the work is done */
    void (*disturb)(void);
    bool done;
} steps;

/* An interrupt cannot come while they are off. The flag comes back where saved flags are restored. */
static void on_step(struct trap_frame *frame)
{
    if (steps.done) frame->rflags &= ~RFLAGS_TF;
    if (steps.done || steps.taken++ < steps.at || !(frame->rflags & RFLAGS_IF)) return;
    frame->rip = restart_point(frame->rip);
    frame->rflags &= ~RFLAGS_TF;
    steps.done = true;
    steps.disturb();
}

void steps_to(void (*disturb)(void))
{
    steps.disturb = disturb;
    trap_set_debug_handler(disturb ? on_step : NULL);
}

void steps_disturb_at(uint64_t at)
{
    steps.at = at;
    steps.taken = 0;
    steps.done = false;
}

bool steps_were_disturbed(void)
{
    return steps.done;
}

uint64_t step_through(const void *function, uint64_t argument)
{
    uint64_t result = (uint64_t)function;

    __asm__ volatile("pushfq\n\torq %[tf], (%%rsp)\n\tpopfq\n\t"
                     "call *%%rax\n\t"
                     "pushfq\n\tandq %[off], (%%rsp)\n\tpopfq"
                     : "+a"(result), "+D"(argument)
                     : [tf] "i"(RFLAGS_TF), [off] "i"(~RFLAGS_TF)
                     : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc");
    return result;
}
