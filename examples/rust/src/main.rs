//! Runs two tests, prints KTAP on the serial port, and leaves QEMU. A panic is printed where it happened.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};
use core::fmt::{self, Write};
use core::panic::PanicInfo;

global_asm!(include_str!("boot.S"), options(att_syntax));

struct Serial;

impl Write for Serial {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            wait_for(0x20); // room for a byte
            unsafe { asm!("out dx, al", in("dx") 0x3f8u16, in("al") byte, options(nomem, nostack)) };
        }
        Ok(())
    }
}

fn wait_for(bit: u8) {
    loop {
        let state: u8;
        unsafe { asm!("in al, dx", in("dx") 0x3fdu16, out("al") state, options(nomem, nostack)) };
        if state & bit != 0 {
            return;
        }
    }
}

fn leave(code: u32) -> ! {
    wait_for(0x40); // all is out
    unsafe { asm!("out dx, eax", in("dx") 0xf4u16, in("eax") code, options(nomem, nostack)) };
    loop {
        unsafe { asm!("cli", "hlt") };
    }
}

fn test(number: u32, name: &str, holds: bool) {
    let word = if holds { "ok" } else { "not ok" };
    let _ = writeln!(Serial, "{word} {number} {name}");
}

#[no_mangle]
extern "C" fn kernel_main() -> ! {
    let _ = writeln!(Serial, "KTAP version 1\n1..2");
    test(1, "sum", (1..=100).sum::<u32>() == 5050);
    test(2, "text", core::str::from_utf8(b"na\xc3\xafve").is_ok());
    leave(16) // QEMU's exit code is 33
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    let _ = writeln!(Serial, "\n{info}");
    leave(18) // 37
}

// What the compiler itself calls, and no library is there to give.
#[no_mangle]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    asm!("rep movsb", inout("rcx") bytes => _, inout("rdi") to => _, inout("rsi") from => _, options(nostack));
    to
}

#[no_mangle]
unsafe extern "C" fn memset(to: *mut u8, value: i32, bytes: usize) -> *mut u8 {
    asm!("rep stosb", inout("rcx") bytes => _, inout("rdi") to => _, in("al") value as u8, options(nostack));
    to
}

#[no_mangle]
unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, bytes: usize) -> i32 {
    for at in 0..bytes {
        let (x, y) = (a.add(at).read_volatile(), b.add(at).read_volatile());
        if x != y {
            return i32::from(x) - i32::from(y);
        }
    }
    0
}

/// `core` of this target was compiled to unwind and names it; a kernel that aborts never calls it.
#[no_mangle]
extern "C" fn rust_eh_personality() {}
