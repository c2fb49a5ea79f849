import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Put,
  ServiceUnavailableException,
} from '@nestjs/common';
import { PoolError } from 'rxpool';
import { type User, UsersService } from './users.service.js';

@Controller('users')
export class UsersController {
  constructor(@Inject(UsersService) private readonly users: UsersService) {}

  @Get(':id')
  async find(@Param('id') id: string): Promise<User> {
    const user = await this.users.find(id).catch(unavailable);
    if (!user) throw new NotFoundException();
    return user;
  }

  @Put(':id')
  @HttpCode(204)
  async save(@Param('id') id: string, @Body() user: User): Promise<void> {
    await this.users.save(id, { name: String(user.name) }).catch(unavailable);
  }
}

/** Every error of the pool and its connections has a stable code. */
function unavailable(error: unknown): never {
  if (error instanceof PoolError) throw new ServiceUnavailableException({ code: error.code });
  throw error;
}
